//! A letter's words as plain text and as HTML.
//!
//! What people wrote (names, reasons) is one line each, cut to a length, and escaped; no address in it becomes a link.

use std::fmt::Write;

use super::letter::Words;
use crate::http::Language;

/// Longer than any name; a reason or a message is quoted up to [`QUOTE_CHARS`].
const LINE_CHARS: usize = 200;
const QUOTE_CHARS: usize = 2_000;

/// One line: whatever breaks it becomes a space.
pub(super) fn one_line(text: &str) -> String {
    let flat: String = text.chars().map(|sign| if breaks(sign) { ' ' } else { sign }).collect();
    // Spaces that hold words together stay what they are.
    let words: Vec<&str> = flat.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(LINE_CHARS).collect()
}

/// Breaks a line, or hides or turns what stands around it.
fn breaks(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn quoted(quote: &str) -> impl Iterator<Item = String> {
    let quote: String = quote.trim().chars().take(QUOTE_CHARS).collect();
    quote.lines().map(one_line).collect::<Vec<_>>().into_iter()
}

/// As plain text.
pub(super) fn text(words: &Words, language: Language, instance: &str, site: &str) -> String {
    let mut out = String::new();
    let mut put = |line: &str| {
        let _ = write!(out, "{line}\n\n");
    };
    put(hello(language));
    for line in &words.lines {
        put(line);
    }
    if let Some(quote) = &words.quote {
        let quote: Vec<String> = quoted(quote).map(|line| format!("> {line}")).collect();
        put(&quote.join("\n"));
    }
    if let Some((label, address)) = &words.button {
        put(&format!("{label}{}\n{address}", colon(language)));
    }
    for line in &words.small {
        put(line);
    }
    let _ = write!(out, "-- \n{instance}\n{site}\n");
    out
}

/// For mail programs that follow the system's theme; the others keep what each element says itself.
const DARK: &str = ":root{color-scheme:light dark}@media (prefers-color-scheme:dark){\
    .canvas{background:#101618!important}\
    .sheet{background:#171e20!important;border-color:#2d3639!important;color:#e9e6e0!important}\
    .brand{color:#74cccb!important}.quote{border-color:#74cccb!important}\
    .small{color:#aab5b6!important}.go{background:#74cccb!important;color:#051c20!important}}";
const SMALL: &str = "font-size:14px;color:#4c595e";
/// The interface's family first, as it may be installed.
const FONT: &str = "font:16px/1.6 'Inter Variable',Inter,system-ui,'Segoe UI',Arial,sans-serif";

/// As HTML, in the colours of the pages, with styles that mail programs know.
pub(super) fn html(words: &Words, language: Language, instance: &str, site: &str) -> String {
    let mut out = String::new();
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>{}</title><style>{DARK}</style></head>\n\
         <body class=\"canvas\" style=\"margin:0;padding:24px 12px;background:#f7f4ef\">\n\
         <div class=\"sheet\" style=\"max-width:560px;margin:0 auto;padding:24px;background:#fffefd;color:#172326;\
         border:1px solid #e2dfda;border-radius:10px;{FONT}\">\n\
         <p class=\"brand\" style=\"margin:0 0 20px;color:#045f68;font-size:18px;font-weight:600\">{}</p>\n\
         <p>{}</p>\n",
        language.tag(),
        escape(&one_line(&words.subject)),
        escape(instance),
        escape(hello(language)),
    );
    for line in &words.lines {
        let _ = writeln!(out, "<p>{}</p>", escape(line));
    }
    if let Some(quote) = &words.quote {
        let quote: Vec<String> = quoted(quote).map(|line| escape(&line)).collect();
        let _ = writeln!(
            out,
            "<blockquote class=\"quote\" style=\"margin:16px 0;padding-left:12px;border-left:3px solid #045f68\">\
             {}</blockquote>",
            quote.join("<br>")
        );
    }
    if let Some((label, address)) = &words.button {
        let address = escape(address);
        let _ = writeln!(
            out,
            "<p style=\"margin:24px 0 8px\"><a class=\"go\" href=\"{address}\" style=\"display:inline-block;\
             padding:10px 16px;background:#045f68;color:#ffffff;border-radius:6px;font-weight:600;\
             text-decoration:none\">{}</a></p>\n\
             <p class=\"small\" style=\"{SMALL};word-break:break-all\">{address}</p>",
            escape(label)
        );
    }
    for line in &words.small {
        let _ = writeln!(out, "<p class=\"small\" style=\"{SMALL}\">{}</p>", escape(line));
    }
    let _ = write!(
        out,
        "<p class=\"small\" style=\"{SMALL}\">{} · {}</p>\n</div>\n</body>\n</html>\n",
        escape(instance),
        escape(site)
    );
    out
}

fn hello(language: Language) -> &'static str {
    match language {
        Language::Fr => "Bonjour,",
        Language::En => "Hello,",
    }
}

/// French has a space before it.
fn colon(language: Language) -> &'static str {
    match language {
        Language::Fr => "\u{a0}:",
        Language::En => ":",
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            sign => out.push(sign),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line() {
        assert_eq!(one_line("Nord\r\nBcc: all@example.org"), "Nord Bcc: all@example.org");
        assert_eq!(one_line(" «\u{a0}Nord\u{a0}»  est "), "«\u{a0}Nord\u{a0}» est");
        assert_eq!(one_line("a\u{2028}b\u{0}c\u{202e}d"), "a b c d");
        assert_eq!(one_line(&"é".repeat(500)).chars().count(), LINE_CHARS);
    }

    #[test]
    fn what_people_wrote_is_text_and_no_markup() {
        let words = Words {
            subject: "<b>".to_owned(),
            lines: vec!["<script>alert(1)</script>".to_owned()],
            quote: Some("one\n<img src=x>".to_owned()),
            button: Some(("Go".to_owned(), "https://x.example/\"><i>".to_owned())),
            small: Vec::new(),
        };
        let html = html(&words, Language::En, "<Nord>", "https://unisson.example");
        for markup in ["<script", "<img", "<b>", "<i>", "<Nord"] {
            assert!(!html.contains(markup), "{markup}");
        }
        let text = text(&words, Language::Fr, "Nord", "https://unisson.example");
        assert!(
            text.starts_with("Bonjour,\n\n") && text.contains("> one\n> <img src=x>") && text.contains("Go\u{a0}:\n")
        );
    }
}
