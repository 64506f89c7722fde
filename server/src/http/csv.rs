//! Tables for spreadsheets: RFC 4180 with a byte order mark.
//!
//! What a spreadsheet would take for a formula gets an apostrophe before it, so that nobody's name is computed on the
//! machine of whoever opens the file. Where the comma is for decimals, spreadsheets cut at semicolons and heed no
//! quotation marks within: a formula may begin behind each of those, too.

use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use crdt_store::StoreError;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

/// A table that is being written, or a piece of one.
#[derive(Debug, Default)]
pub struct Csv(String);

impl Csv {
    pub fn new(head: &[&str]) -> Self {
        let mut table = Self("\u{feff}".to_owned());
        table.row(head);
        table
    }

    pub fn row(&mut self, cells: &[&str]) {
        for (number, cell) in cells.iter().enumerate() {
            if number > 0 {
                self.0.push(',');
            }
            self.0.push('"');
            let mut begins = true;
            for (place, letter) in cell.chars().enumerate() {
                let counts = matches!(letter, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
                if begins && (counts || (place == 0 && matches!(letter, '\t' | '\r' | '\n'))) {
                    self.0.push('\'');
                }
                begins = matches!(letter, ';' | '\t' | '\r' | '\n') || (begins && letter == '"');
                self.0.push(letter);
                if letter == '"' {
                    self.0.push('"');
                }
            }
            self.0.push('"');
        }
        self.0.push_str("\r\n");
    }

    /// Whole, as a file of that name, which is of plain letters.
    pub fn download(self, name: &str) -> Response {
        file(name, Body::from(self.0))
    }

    /// The same of a table that is too long to be held: what is written already, then what `more` brings, a piece at a
    /// time. An error breaks the answer off, so that nobody takes a part for the whole.
    pub fn stream(self, name: &str, more: impl Stream<Item = Result<Csv, StoreError>> + Send + 'static) -> Response {
        let begun = stream::once(async { Ok(self) });
        let pieces = begun.chain(more).map_ok(|Csv(text)| text);
        let pieces = pieces.inspect_err(|error| tracing::error!(%error, "a table breaks off"));
        file(name, Body::from_stream(pieces))
    }
}

fn file(name: &str, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_none_breaks_out() {
        let mut table = Csv::new(&["a", "b"]);
        table.row(&["=1+1", "say \"hi\",\r\nnow"]);
        table.row(&["@x", "-2"]);
        table.row(&["x;=1+1", "a; -b;\"=2"]);
        assert_eq!(
            table.0,
            "\u{feff}\"a\",\"b\"\r\n\"'=1+1\",\"say \"\"hi\"\",\r\nnow\"\r\n\"'@x\",\"'-2\"\r\n\"x;'=1+1\",\"a; -b;\"\"'=2\"\r\n"
        );
    }
}
