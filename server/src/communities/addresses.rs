//! Addresses in a list as people paste it: mixed separators, names around them, slips of the hand.

use crate::auth::is_address;

/// Longer than any address: beyond it nothing is looked for any more.
const ADDRESS_CHARS: usize = 254;

/// One address of a list, or what stands where one was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pasted {
    /// As it was written.
    pub input: String,
    /// The address in lower case, if it is one.
    pub email: Option<String>,
    /// What was probably meant, if it isn't.
    pub hint: Option<String>,
}

/// The addresses of a text, in its order.
pub(super) fn read(text: &str) -> Vec<Pasted> {
    let mut found = Vec::new();
    for piece in pieces(text) {
        let candidates = candidates(&piece);
        match candidates.is_empty() {
            true => found.push(judge(&piece)),
            false => found.extend(candidates.iter().map(|candidate| judge(candidate))),
        }
    }
    found
}

/// Cuts at ends of lines, semicolons and commas, except between quotation marks, and except at a comma that stands where a
/// point should: `p@exemple.gouv,fr`.
fn pieces(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut pieces = Vec::new();
    let mut piece = String::new();
    // The word that the piece ends with, as far as an address could go: it is looked at again at each comma.
    let mut word = String::new();
    let mut quoted = false;
    for (at, letter) in letters.iter().enumerate() {
        match letter {
            letter if letter.is_whitespace() || matches!(letter, '"' | ';') => word.clear(),
            letter if word.len() <= ADDRESS_CHARS => word.push(*letter),
            _ => {}
        }
        match letter {
            '"' => {
                quoted = !quoted;
                piece.push(' ');
            }
            '\n' | '\r' | ';' => {
                quoted = false;
                pieces.push(std::mem::take(&mut piece));
            }
            ',' if quoted => piece.push(' '),
            ',' if is_slip(&word, &letters[at + 1..]) => piece.push(','),
            ',' => {
                word.clear();
                pieces.push(std::mem::take(&mut piece));
            }
            letter => piece.push(*letter),
        }
    }
    pieces.push(piece);
    pieces.iter().map(|piece| piece.trim().to_owned()).filter(|piece| !piece.is_empty()).collect()
}

/// Whether the comma that ends a word belongs to an address: before it one has begun, behind it a domain goes on.
fn is_slip(word: &str, after: &[char]) -> bool {
    let before = word.strip_suffix(',').unwrap_or(word);
    let begun = word.len() <= ADDRESS_CHARS && before.contains('@') && !before.ends_with('>');
    let after = after.iter().take(ADDRESS_CHARS);
    let rest: String =
        after.take_while(|letter| !letter.is_whitespace() && !matches!(letter, ',' | ';' | '>')).collect();
    begun
        && (2..=63).contains(&rest.len())
        && !rest.contains('@')
        && rest.chars().all(|l| l.is_ascii_alphanumeric() || l == '.' || l == '-')
}

/// What of a piece could be addresses: what stands in angle brackets, or every word with an `@`.
fn candidates(piece: &str) -> Vec<String> {
    if let (Some(from), Some(to)) = (piece.find('<'), piece.rfind('>'))
        && from < to
    {
        return vec![piece[from + 1..to].trim().to_owned()];
    }
    piece.split_whitespace().filter(|word| word.contains('@')).map(str::to_owned).collect()
}

fn judge(input: &str) -> Pasted {
    let shown: String = input.chars().filter(|letter| !letter.is_control()).take(200).collect();
    let bare = input.trim().trim_matches(['<', '>', '(', ')', '[', ']', '\'', '"', '.', ':']);
    let bare = bare.strip_prefix("mailto:").unwrap_or(bare);
    if is_good(bare) {
        return Pasted { input: shown, email: Some(crdt_store::users::address(bare)), hint: None };
    }
    let mended = mend(bare);
    let hint = (mended != bare && is_good(&mended)).then(|| crdt_store::users::address(&mended));
    Pasted { input: shown, email: None, hint }
}

fn is_good(text: &str) -> bool {
    let has_domain = text.rsplit_once('@').is_some_and(|(_, host)| host.contains('.') && !host.contains(".."));
    text.len() <= ADDRESS_CHARS && text.is_ascii() && has_domain && is_address(text)
}

/// The usual slips: a comma for a point, something twice. What can't be an address stays as it is.
fn mend(text: &str) -> String {
    if text.len() > ADDRESS_CHARS {
        return text.to_owned();
    }
    let mut mended: String = text.replace(',', ".").replace("@@", "@").replace("@.", "@");
    while mended.contains("..") {
        mended = mended.replace("..", ".");
    }
    mended.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn emails(text: &str) -> Vec<String> {
        read(text).into_iter().map(|line| line.email.unwrap_or(format!("! {}", line.input))).collect()
    }

    #[test]
    fn separators_may_be_mixed() {
        let text = "A@x.fr; b@x.fr,c@x.fr\n\n d@x.fr e@x.fr ,\tf@x.fr\r\ng@x.fr";
        assert_eq!(emails(text), ["a@x.fr", "b@x.fr", "c@x.fr", "d@x.fr", "e@x.fr", "f@x.fr", "g@x.fr"]);
        assert_eq!(emails(" ;, \n"), [""; 0]);
    }

    #[test]
    fn names_around_addresses_are_left_aside() {
        let text = "Paul Durand <p.durand@x.fr>; \"Martin, Chloé\" <chloe@y.example>, mailto:z@x.fr\n(y@x.fr)";
        assert_eq!(emails(text), ["p.durand@x.fr", "chloe@y.example", "z@x.fr", "y@x.fr"]);
    }

    #[test]
    fn a_slip_is_seen_and_mended() {
        let lines = read("p.durand@exemple.gouv,fr, a@x.fr, b@@x.fr, c@x..fr, jean.dupont, d@x");
        let told: Vec<_> =
            lines.iter().map(|line| (line.input.as_str(), line.email.is_some(), line.hint.as_deref())).collect();
        assert_eq!(
            told,
            [
                ("p.durand@exemple.gouv,fr", false, Some("p.durand@exemple.gouv.fr")),
                ("a@x.fr", true, None),
                ("b@@x.fr", false, Some("b@x.fr")),
                ("c@x..fr", false, Some("c@x.fr")),
                ("jean.dupont", false, None),
                ("d@x", false, None),
            ]
        );
    }

    #[test]
    fn a_list_that_is_all_slips_costs_no_more_than_another() {
        // As long as a body may be: looked at again from its beginning at each comma, it would take minutes.
        let text = format!("a@x{}", ",aa".repeat(80_000));
        let begun = std::time::Instant::now();
        assert!(read(&text).len() > 70_000);
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
        let dots = read(&format!("a@x{}", ".".repeat(200_000)));
        assert_eq!(dots.len(), 1);
    }

    #[test]
    fn nothing_smuggles_a_header_into_a_mail() {
        for odd in ["a@x.fr\r\nBcc: b@x.fr", "a@x.fr%0aBcc:b@x.fr", "<a@x.fr>\nSubject: x"] {
            for line in read(odd) {
                assert!(
                    line.email.is_none_or(|email| is_good(&email) && !email.contains(['\r', '\n', ' '])),
                    "{odd:?}"
                );
            }
        }
        assert!(read("a b@x.fr\u{0}c").iter().all(|line| line.email.is_none()));
    }
}
