//! Pages of lists: a limit, and a cursor that says where the next page begins.
//!
//! A cursor is what the store sorts by, in JSON, in base64: clients hand it back as they got it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use super::problem::{BAD_QUERY, Problem};

const USUAL: u32 = 50;
const MOST: u32 = 100;
/// Longer than any cursor that is made here.
const CURSOR_CHARS: usize = 1024;

/// How many things a page holds.
#[derive(Clone, Copy, Debug)]
pub struct Limit(u32);

impl Limit {
    /// As asked for: from 1 to 100, or 50.
    pub fn new(asked: Option<u32>) -> Result<Self, Problem> {
        match asked {
            None => Ok(Self(USUAL)),
            Some(limit @ 1..=MOST) => Ok(Self(limit)),
            Some(_) => Err(Problem::with_detail(&BAD_QUERY, "limit: from 1 to 100")),
        }
    }

    /// How many are shown.
    pub fn rows(self) -> usize {
        self.0 as usize
    }

    /// What to ask the store for: one more tells whether there is a next page.
    pub fn and_one(self) -> u32 {
        self.0 + 1
    }

    /// The page, and the cursor of the next if there is one.
    pub fn cut<T, C: Serialize>(self, mut found: Vec<T>, cursor: impl Fn(&T) -> C) -> (Vec<T>, Option<String>) {
        let size = self.rows();
        if found.len() <= size {
            return (found, None);
        }
        found.truncate(size);
        let next = found.last().and_then(|last| serde_json::to_vec(&cursor(last)).ok());
        (found, next.map(|json| URL_SAFE_NO_PAD.encode(json)))
    }
}

/// What a cursor holds, if one was given.
pub fn read_cursor<C: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<C>, Problem> {
    let Some(cursor) = cursor.filter(|cursor| !cursor.is_empty()) else { return Ok(None) };
    let bytes = (cursor.len() <= CURSOR_CHARS).then(|| URL_SAFE_NO_PAD.decode(cursor).ok()).flatten();
    // No text of ours holds a NUL, and PostgreSQL takes none.
    let bytes = bytes.filter(|bytes| !bytes.windows(6).any(|six| six == br"\u0000"));
    let value = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    value.map(Some).ok_or_else(|| Problem::with_detail(&BAD_QUERY, "cursor: not one that was given here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_where_the_page_ended() {
        let limit = Limit::new(Some(2)).expect("a limit");
        assert_eq!(limit.and_one(), 3);
        let (page, next) = limit.cut(vec![5, 6, 7], |last| *last);
        assert_eq!(page, [5, 6]);
        assert_eq!(read_cursor::<i32>(next.as_deref()), Ok(Some(6)));
        assert_eq!(limit.cut(vec![5, 6], |last| *last), (vec![5, 6], None));
    }

    #[test]
    fn odd_limits_and_cursors_are_refused() {
        assert!(Limit::new(Some(0)).is_err() && Limit::new(Some(101)).is_err());
        assert!(read_cursor::<i32>(Some("***")).is_err());
        assert!(read_cursor::<i32>(Some(&"A".repeat(5000))).is_err());
        assert!(read_cursor::<String>(Some(&URL_SAFE_NO_PAD.encode(br#""a\u0000b""#))).is_err());
        assert_eq!(read_cursor::<i32>(Some("")), Ok(None));
    }
}
