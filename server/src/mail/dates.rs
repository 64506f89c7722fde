//! Days and times as people write them.

use time::OffsetDateTime;

use crate::http::Language;

const FRENCH: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `24 novembre 2026`, `24 November 2026`.
pub(super) fn day(at: OffsetDateTime, language: Language) -> String {
    let month = usize::from(u8::from(at.month())) - 1;
    match language {
        Language::Fr if at.day() == 1 => format!("1er {} {}", FRENCH[month], at.year()),
        Language::Fr => format!("{} {} {}", at.day(), FRENCH[month], at.year()),
        Language::En => format!("{} {} {}", at.day(), ENGLISH[month], at.year()),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_day_is_written_as_people_do() {
        assert_eq!(day(datetime!(2026-08-01 12:00 UTC), Language::Fr), "1er août 2026");
        assert_eq!(day(datetime!(2026-12-24 12:00 UTC), Language::Fr), "24 décembre 2026");
        assert_eq!(day(datetime!(2026-01-02 12:00 UTC), Language::En), "2 January 2026");
    }
}
