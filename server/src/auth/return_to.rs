//! Where somebody goes after signing in: a path of ours, and nothing that a browser could take for another site.

use serde::{Deserialize, Deserializer};

const MAX_BYTES: usize = 2_000;

/// A path of ours. What is anything else is the front page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnTo(String);

impl ReturnTo {
    pub fn new(wanted: Option<&str>) -> Self {
        match wanted.filter(|wanted| is_own_path(wanted)) {
            Some(path) => Self(path.to_owned()),
            None => Self::default(),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ReturnTo {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl<'a> Deserialize<'a> for ReturnTo {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        Ok(Self::new(Option::<String>::deserialize(from)?.as_deref()))
    }
}

/// Browsers drop tabs and line breaks from addresses, and take a backslash for a slash: none of these may be there.
fn is_own_path(path: &str) -> bool {
    let rest = path.strip_prefix('/');
    let is_ours = rest.is_some_and(|rest| !rest.starts_with('/'));
    // Not back into signing in, and not into answers that are no pages.
    let is_page = !["/auth/", "/api/", "/sign-in"].iter().any(|taken| path.starts_with(taken));
    // A browser takes `.` and `..` away, and what is left of `/.//host` would begin like another site.
    let steps = path.split(['?', '#']).next().unwrap_or_default().split('/');
    let is_straight =
        steps.map(|step| step.to_ascii_lowercase().replace("%2e", ".")).all(|step| step != "." && step != "..");
    let is_plain = path.len() <= MAX_BYTES && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    is_ours && is_page && is_straight && is_plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_gone_to() {
        for own in
            ["/", "/documents/0193?x=1#part", "/communities/nord%20est", "/a//b", "/@x", "/a.b/..c", "/people?q=a/../b"]
        {
            assert_eq!(ReturnTo::new(Some(own)).as_str(), own);
        }
        for foreign in [
            "",
            "documents",
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example/",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            " //evil.example",
            "/.//evil.example",
            "/x/..//evil.example",
            "/%2e//evil.example",
            "/x/.%2E//evil.example",
            "/%2E./auth/oidc/start",
            "javascript:alert(1)",
            "/é",
            "/auth/oidc/start",
            "/api/v1/me",
            "/sign-in?error=x",
            &format!("/{}", "x".repeat(MAX_BYTES)),
        ] {
            assert_eq!(ReturnTo::new(Some(foreign)), ReturnTo::default(), "{foreign:?}");
        }
        assert_eq!(ReturnTo::new(None).as_str(), "/");
    }
}
