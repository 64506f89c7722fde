//! The repository as text, for tests that hold rules over it: its files, Rust without comments and literals,
//! and the paths that Rust code names. Used by [`crate::architecture`] and [`crate::house`].

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the repository").to_path_buf()
}

/// The text of a file of the repository.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file under `folder` whose name ends in one of `endings`: its path from the root, and its text.
pub fn files(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    let root = root();
    let mut waiting = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "node_modules" | "target" | "dist" | ".git") {
                    waiting.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let shown = path.strip_prefix(&root).expect("found under the root").to_string_lossy().into_owned();
                found.push((shown, text));
            }
        }
    }
    found.sort();
    found
}

/// A word or a sign of Rust code, with the line it stands on. Comments and literals are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

/// Splits Rust code into words, `::`, and single signs.
pub fn tokens(code: &str) -> Vec<Token> {
    let bytes = code.as_bytes();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
    let (mut at, mut line) = (0, 1);
    let mut found = Vec::new();
    while let Some(&byte) = bytes.get(at) {
        let rest = &code[at..];
        let length = match byte {
            b'/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            b'/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            b'"' => quoted(rest),
            b'r' | b'b' if literal_prefix(rest).is_some() => literal_prefix(rest).unwrap_or(1),
            b'\'' => character(rest),
            _ if is_word(byte) => {
                let length = rest.bytes().take_while(|byte| is_word(*byte)).count();
                found.push(Token { text: rest[..length].to_owned(), line });
                length
            }
            b':' if rest.starts_with("::") => {
                found.push(Token { text: "::".to_owned(), line });
                2
            }
            _ if byte.is_ascii_whitespace() => 1,
            _ => {
                found.push(Token { text: char::from(byte).to_string(), line });
                1
            }
        };
        line += rest[..length].bytes().filter(|byte| *byte == b'\n').count();
        at += length;
    }
    found
}

/// The length of the string literal that `text` starts with.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a raw or byte literal (`r#"…"#`, `b"…"`, `b'…'`), if `text` starts with one.
fn literal_prefix(text: &str) -> Option<usize> {
    let letters = text.bytes().take_while(|byte| matches!(byte, b'r' | b'b')).count().min(2);
    let hashes = text[letters..].bytes().take_while(|byte| *byte == b'#').count();
    let body = letters + hashes;
    match text.as_bytes().get(body)? {
        b'"' if text[..letters].contains('r') => {
            let end = format!("\"{}", "#".repeat(hashes));
            Some(text[body + 1..].find(&end).map_or(text.len(), |at| body + 1 + at + end.len()))
        }
        b'"' if hashes == 0 => Some(body + quoted(&text[body..])),
        b'\'' if hashes == 0 => Some(body + character(&text[body..])),
        _ => None,
    }
}

/// The length of a character literal; 1 for the tick of a lifetime.
fn character(text: &str) -> usize {
    let mut letters = text.char_indices().skip(1);
    match letters.next() {
        Some((_, '\\')) => text[3..].find('\'').map_or(1, |at| at + 4),
        Some(_) => match letters.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
        None => 1,
    }
}

/// A path that some code names from the root of its own crate, such as `["http", "problem"]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    pub path: Vec<String>,
    pub line: usize,
}

/// Every path that starts with `crate`, `super` or `self`, made whole. `module` is where the file hangs.
pub fn own_paths(code: &str, module: &[&str]) -> BTreeSet<Named> {
    let tokens = tokens(code);
    let word = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut inside: Vec<String> = module.iter().map(|name| (*name).to_owned()).collect();
    let mut opened: Vec<usize> = Vec::new();
    let (mut depth, mut at) = (0, 0);
    let mut found = BTreeSet::new();
    while at < tokens.len() {
        match word(at) {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if opened.last() == Some(&depth) {
                    opened.pop();
                    inside.pop();
                }
            }
            "mod" if word(at + 2) == "{" => {
                inside.push(word(at + 1).to_owned());
                opened.push(depth);
                depth += 1;
                at += 2;
            }
            "crate" | "super" | "self" if word(at + 1) == "::" && (at == 0 || word(at - 1) != "::") => {
                let base = match word(at) {
                    "crate" => Vec::new(),
                    "self" => inside.clone(),
                    _ => inside[..inside.len().saturating_sub(1)].to_vec(),
                };
                at = follow(&tokens, at + 2, base, &mut found);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Reads what comes after `…::`, a word or a group in braces. Returns where reading goes on.
fn follow(tokens: &[Token], at: usize, mut path: Vec<String>, found: &mut BTreeSet<Named>) -> usize {
    let Some(token) = tokens.get(at) else { return at };
    let is_double_colon = |at: usize| tokens.get(at).is_some_and(|token| token.text == "::");
    match token.text.as_str() {
        "{" => {
            let mut at = at + 1;
            while let Some(token) = tokens.get(at) {
                match token.text.as_str() {
                    "}" => return at + 1,
                    "," => at += 1,
                    _ => at = follow(tokens, at, path.clone(), found).max(at + 1),
                }
            }
            at
        }
        "super" if is_double_colon(at + 1) => {
            path.pop();
            follow(tokens, at + 2, path, found)
        }
        name => {
            path.push(name.to_owned());
            if is_double_colon(at + 1) {
                return follow(tokens, at + 2, path, found);
            }
            found.insert(Named { path, line: token.line });
            at + 1
        }
    }
}

/// The code without its `#[cfg(test)] mod … { … }`.
fn shipped(tokens: Vec<Token>) -> Vec<Token> {
    const MARK: [&str; 8] = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is_test = tokens[at..].iter().map(|token| token.text.as_str()).take(MARK.len()).eq(MARK);
        if !is_test {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        at += MARK.len() + 1;
        let mut depth = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token.text.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                ";" if depth == 0 => break,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    kept
}

/// The lines on which `code`, its tests left out, names the crate `name`: at the start of a path, or in `use name;`.
pub fn lines_naming(code: &str, name: &str) -> Vec<usize> {
    let tokens = shipped(tokens(code));
    let word = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let starts_path = |at: usize| at == 0 || !matches!(word(at - 1), "::" | "." | "fn" | "mod" | "let");
    let is_named = |at: usize| {
        word(at) == name
            && starts_path(at)
            && (matches!(word(at + 1), "::" | "as") || word(at.wrapping_sub(1)) == "use")
    };
    (0..tokens.len()).filter(|at| is_named(*at)).map(|at| tokens[at].line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(code: &str, module: &[&str]) -> Vec<String> {
        own_paths(code, module).into_iter().map(|named| named.path.join("::")).collect()
    }

    #[test]
    fn paths_are_found_in_groups_and_through_super() {
        let code =
            "use crate::{access::{Access, Grant}, config};\nuse super::super::http::page;\nfn a() { super::b::c() }";
        assert_eq!(
            named(code, &["documents", "read"]),
            ["access::Access", "access::Grant", "config", "documents::b::c", "http::page"]
        );
    }

    #[test]
    fn the_super_of_an_inner_module_is_the_file() {
        assert_eq!(named("mod tests { use super::*; } fn f() { super::x() }", &["bus"]), ["bus::*", "x"]);
    }

    #[test]
    fn comments_and_literals_name_nothing() {
        let code = "// crate::a\n/* crate::b */ let s = \"crate::c \\\" crate::d\"; let r = r#\"crate::\"e\"#; let c = '\"'; crate::f();";
        assert_eq!(named(code, &[]), ["f"]);
        assert_eq!(named("fn f<'a>(x: &'a str) -> char { '\\'' } use crate::g;", &[]), ["g"]);
    }

    #[test]
    fn a_crate_is_named_at_the_start_of_a_path_only() {
        assert_eq!(lines_naming("#[cfg(test)]\nmod tests { fn f() { yrs::g() } }\nyrs::h();", "yrs"), [3]);
        assert_eq!(lines_naming("#[cfg(test)]\nmod tests;\nyrs::h();", "yrs"), [3]);
        assert_eq!(
            lines_naming("use yrs::Doc;\nlet yrs = 1; a::yrs::b();\n#[derive(yrs::X)]\nuse yrs;", "yrs"),
            [1, 3, 4]
        );
    }
}
