//! Tables for spreadsheets: RFC 4180 with a byte order mark.
//!
//! A cell that a spreadsheet would take for a formula gets an apostrophe before it, so that nobody's name is computed
//! on the machine of whoever opens the file.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

/// A table that is being written.
#[derive(Debug)]
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
            if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
                self.0.push('\'');
            }
            self.0.push_str(&cell.replace('"', "\"\""));
            self.0.push('"');
        }
        self.0.push_str("\r\n");
    }

    /// As a file of that name, which is of plain letters.
    pub fn download(self, name: &str) -> Response {
        let headers = [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ];
        (headers, self.0).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_none_breaks_out() {
        let mut table = Csv::new(&["a", "b"]);
        table.row(&["=1+1", "say \"hi\",\r\nnow"]);
        table.row(&["@x", "-2"]);
        assert_eq!(table.0, "\u{feff}\"a\",\"b\"\r\n\"'=1+1\",\"say \"\"hi\"\",\r\nnow\"\r\n\"'@x\",\"'-2\"\r\n");
    }
}
