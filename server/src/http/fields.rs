//! What people write into fields, looked at before it goes on: trimmed, of a length, without control signs. A refusal
//! names the field: `name: longer than 120 characters`.

use serde::{Deserialize, Deserializer};
use time::{Date, OffsetDateTime, Time, format_description::well_known::Rfc3339, macros::format_description};

use super::problem::{BAD_FIELD, Problem};

/// A field that can't be taken as it is.
pub fn bad(field: &'static str, why: &str) -> Problem {
    Problem::with_detail(&BAD_FIELD, format!("{field}: {why}"))
}

/// One line of 1 to `most` characters. Signs that nobody sees come along when something is copied; they are left out.
pub fn line(field: &'static str, text: &str, most: usize) -> Result<String, Problem> {
    let text: String = text.chars().filter(|letter| !is_nothing(*letter)).collect();
    let text = text.trim();
    if text.chars().any(|letter| letter.is_control() || turns(letter) || matches!(letter, '\u{2028}' | '\u{2029}')) {
        return Err(bad(field, "one line, without control characters"));
    }
    within(field, text, 1, most)
}

/// The same of what somebody else says of a person: what can't stand there becomes a space, or is left out. `None` where
/// nothing is left.
pub fn mended_line(text: &str, most: usize) -> Option<String> {
    let odd = |letter: char| letter.is_control() || letter == '\u{2028}' || letter == '\u{2029}';
    let flat = text.chars().filter(|letter| !is_nothing(*letter) && !turns(*letter));
    let flat: String = flat.map(|letter| if odd(letter) { ' ' } else { letter }).collect();
    let flat = flat.split_whitespace().collect::<Vec<_>>().join(" ");
    flat.chars().any(is_seen).then(|| flat.chars().take(most).collect())
}

/// Lines of `least` to `most` characters together. Ends of lines become `\n`.
pub fn lines(field: &'static str, text: &str, least: usize, most: usize) -> Result<String, Problem> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim();
    if text.chars().any(|letter| (letter.is_control() && !matches!(letter, '\n' | '\t')) || turns(letter)) {
        return Err(bad(field, "without control characters"));
    }
    within(field, text, least, most)
}

fn within(field: &'static str, text: &str, least: usize, most: usize) -> Result<String, Problem> {
    let count = text.chars().count();
    if count < least || (least > 0 && !text.chars().any(is_seen)) {
        return Err(bad(field, "missing"));
    }
    if count > most {
        return Err(bad(field, &format!("longer than {most} characters")));
    }
    Ok(text.to_owned())
}

/// Signs that turn the direction of what follows: a name must not rearrange the page around it.
fn turns(letter: char) -> bool {
    matches!(
        letter,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}'
    )
}

/// Signs without a width and without a meaning in a name: two names that look the same would differ by them.
fn is_nothing(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Leaves a mark on a page. Joiners and selectors belong to what they stand between; fillers are blank letters.
fn is_seen(letter: char) -> bool {
    let blank = matches!(
        letter,
        '\u{200c}' | '\u{200d}' | '\u{fe00}'
            ..='\u{fe0f}' | '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
    );
    !letter.is_whitespace() && !is_nothing(letter) && !blank
}

/// A moment, or the end of a day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When(pub OffsetDateTime);

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let day = Date::parse(&text, format_description!("[year]-[month]-[day]")).ok();
        let moment = match day {
            Some(day) => Some(day.with_time(Time::MAX).assume_utc()),
            None => OffsetDateTime::parse(&text, &Rfc3339).ok(),
        };
        let moment = moment.filter(|moment| (1970..=9990).contains(&moment.year()));
        moment.map(Self).ok_or_else(|| serde::de::Error::custom("a day (2027-05-24) or a moment (RFC 3339)"))
    }
}

/// Tells a field that is `null` from one that isn't there: `Some(None)` and `None`.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_of_a_length() {
        assert_eq!(line("name", "  Réseau \u{a0}", 9), Ok("Réseau".to_owned()));
        let detail = |found: Result<String, Problem>| found.err().and_then(|problem| problem.detail);
        assert_eq!(detail(line("name", "   ", 9)).as_deref(), Some("name: missing"));
        assert_eq!(detail(line("name", "0123456789", 9)).as_deref(), Some("name: longer than 9 characters"));
        for odd in ["a\nb", "a\r\nBcc: x", "a\u{0}b", "a\u{202e}b", "a\u{2028}b", "\u{200b}\u{2060}", "\u{3164}"] {
            assert!(line("name", odd, 100).is_err(), "{odd:?}");
        }
        assert_eq!(line("name", "Ar\u{ad}chi\u{200b}ves", 9), Ok("Archives".to_owned()));
        assert_eq!(line("name", "می\u{200c}خواهم 👩\u{200d}🌾", 20), Ok("می\u{200c}خواهم 👩\u{200d}🌾".to_owned()));
        assert_eq!(lines("purpose", "a\r\nb\n", 0, 9), Ok("a\nb".to_owned()));
        assert!(lines("purpose", "a\u{1b}", 0, 9).is_err());
    }

    #[test]
    fn what_a_provider_says_is_made_a_line() {
        let mended = |text: &str| mended_line(text, 20);
        assert_eq!(mended(" Awa\r\n \u{202e}Dia\u{200b}llo").as_deref(), Some("Awa Diallo"));
        assert_eq!(mended("\u{200b}\u{202e} \u{3164}"), None);
        assert_eq!(mended(&"é".repeat(30)).map(|text| text.chars().count()), Some(20));
    }

    #[test]
    fn a_day_lasts_until_its_end() {
        let day: When = serde_json::from_str("\"2027-05-24\"").expect("a day");
        assert_eq!((day.0.date().to_string().as_str(), day.0.hour()), ("2027-05-24", 23));
        let moment: When = serde_json::from_str("\"2027-05-24T10:00:00.123Z\"").expect("a moment");
        assert_eq!(moment.0.hour(), 10);
        for odd in ["\"\"", "\"tomorrow\"", "\"2027-02-30\"", "\"0001-01-01\""] {
            assert!(serde_json::from_str::<When>(odd).is_err(), "{odd}");
        }
    }
}
