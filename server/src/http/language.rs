//! French or English, from what a browser or a person prefers.

use axum::http::{HeaderMap, header::ACCEPT_LANGUAGE};

/// The languages that every text of the server exists in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    Fr,
    En,
}

impl Language {
    pub const ALL: [Language; 2] = [Self::Fr, Self::En];

    /// The tag used in HTML, in answers and in the database.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }

    /// From a tag, regions left aside: `en-GB` is English.
    pub fn from_tag(tag: &str) -> Option<Language> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The best match for an `Accept-Language` header, by its weights; the first of equals wins.
    pub fn accepted(headers: &HeaderMap) -> Option<Language> {
        let header = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
        let mut best: Option<(Language, f32)> = None;
        for range in header.split(',').take(32) {
            let mut pieces = range.split(';');
            let Some(language) = pieces.next().and_then(Self::from_tag) else { continue };
            let weight = pieces
                .find_map(|piece| piece.trim().strip_prefix("q="))
                .map_or(1.0, |text| text.trim().parse::<f32>().unwrap_or(0.0));
            if weight > 0.0 && best.is_none_or(|(_, found)| weight > found) {
                best = Some((language, weight));
            }
        }
        best.map(|(language, _)| language)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(text: &str) -> Option<Language> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, text.parse().expect("a header"));
        Language::accepted(&headers)
    }

    #[test]
    fn the_heaviest_known_language_wins() {
        assert_eq!(accepted("en-GB,en;q=0.9,fr;q=0.8"), Some(Language::En));
        assert_eq!(accepted("de, fr;q=0.4, en;q=0.3"), Some(Language::Fr));
        assert_eq!(accepted("en;q=0, fr;q=0.1"), Some(Language::Fr));
        assert_eq!(accepted("fr-CA"), Some(Language::Fr));
        assert_eq!(accepted("de,*"), None);
        assert_eq!(accepted(""), None);
    }
}
