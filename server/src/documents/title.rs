//! Titles: 1 to 200 characters on one line.

use axum::http::StatusCode;

use crate::http::{Kind, Problem};

/// In characters, as people count them.
const LONGEST: usize = 200;

pub(super) static TITLE_EMPTY: Kind =
    Kind::new(StatusCode::UNPROCESSABLE_ENTITY, "title-empty", "Le titre est vide", "The title is empty");
pub(super) static TITLE_TOO_LONG: Kind = Kind::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "title-too-long",
    "Le titre dépasse 200 caractères",
    "The title is longer than 200 characters",
);
pub(super) static TITLE_UNPRINTABLE: Kind = Kind::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "title-unprintable",
    "Le titre contient un caractère qui ne s’affiche pas",
    "The title holds a character that can't be shown",
);

/// The title as it is kept: trimmed.
pub(super) fn check(title: &str) -> Result<String, Problem> {
    let title = title.trim();
    if title.is_empty() {
        return Err(Problem::new(&TITLE_EMPTY));
    }
    if title.chars().count() > LONGEST {
        return Err(Problem::new(&TITLE_TOO_LONG));
    }
    if title.chars().any(is_unprintable) {
        return Err(Problem::new(&TITLE_UNPRINTABLE));
    }
    Ok(title.to_owned())
}

/// Controls, line ends, and the marks that turn the direction of what follows.
fn is_unprintable(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_trimmed_and_counted_in_characters() {
        assert_eq!(check("  Comité \u{202F}: été  "), Ok("Comité \u{202F}: été".to_owned()));
        assert!(check(&"é".repeat(200)).is_ok());
        assert_eq!(check(&"é".repeat(201)), Err(Problem::new(&TITLE_TOO_LONG)));
        for empty in ["", "   ", "\u{00A0}\n"] {
            assert_eq!(check(empty), Err(Problem::new(&TITLE_EMPTY)));
        }
        for odd in ["a\nb", "a\0b", "a\u{202E}b", "a\u{2028}b", "\u{1b}[2J"] {
            assert_eq!(check(odd), Err(Problem::new(&TITLE_UNPRINTABLE)), "{odd:?}");
        }
    }
}
