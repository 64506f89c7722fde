//! What a provider tells of a person, as far as it is of use here.

use serde_json::{Map, Value};

use crate::http::fields::mended_line;

const NAME_CHARS: usize = 120;
const EMAIL_CHARS: usize = 254;

/// Somebody the provider has signed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The provider's name for them, which never changes.
    pub subject: String,
    /// The name that others see.
    pub name: Option<String>,
    /// Where they work.
    pub service: Option<String>,
    pub email: Option<String>,
    /// The provider has seen that the address is theirs.
    pub is_verified: bool,
}

impl Profile {
    /// From the ID token and from userinfo, which counts first. `None` without a subject.
    pub(super) fn of(id_token: &Map<String, Value>, userinfo: &Map<String, Value>, trusted: bool) -> Option<Self> {
        let claim = |name: &str| userinfo.get(name).or_else(|| id_token.get(name));
        let text = |name: &str| mended_line(claim(name)?.as_str()?, NAME_CHARS);
        // Several names may be given; State providers say `usual_name` for the family's.
        let parts = [text("given_name"), text("usual_name").or_else(|| text("family_name"))];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let name = text("name").or_else(|| (!parts.is_empty()).then(|| parts.join(" ")));
        let email = claim("email").and_then(Value::as_str).map(str::trim).filter(|email| is_address(email));
        // Both claims of one source: a verified address of the token says nothing of another one in userinfo.
        let source = if userinfo.contains_key("email") { userinfo } else { id_token };
        let is_verified = match source.get("email_verified") {
            Some(Value::Bool(verified)) => *verified,
            Some(Value::String(word)) => word == "true",
            _ => trusted,
        };
        Some(Self {
            subject: id_token.get("sub")?.as_str()?.to_owned(),
            name,
            service: text("organizational_unit").or_else(|| text("organization")),
            email: email.map(str::to_owned),
            is_verified,
        })
    }

    /// The address, if it is theirs.
    pub fn verified_email(&self) -> Option<&str> {
        self.email.as_deref().filter(|_| self.is_verified)
    }
}

/// Whether a text looks like one address.
pub fn is_address(text: &str) -> bool {
    let fits = text.len() <= EMAIL_CHARS && text.bytes().all(|byte| byte.is_ascii_graphic());
    let plain = !text.contains([',', ';', '<', '>', '"', '(', ')', '[', ']', '\\', ':']);
    let parts = text.split_once('@').filter(|(_, host)| !host.contains('@'));
    let whole = parts.is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !host.starts_with('.') && !host.ends_with('.')
    });
    fits && plain && whole
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(id_token: Value, userinfo: Value, trusted: bool) -> Profile {
        let map = |value: Value| value.as_object().expect("claims").clone();
        Profile::of(&map(id_token), &map(userinfo), trusted).expect("a subject")
    }

    #[test]
    fn a_name_is_put_together_from_what_there_is() {
        let named = |userinfo: Value| of(json!({ "sub": "a" }), userinfo, false).name;
        assert_eq!(named(json!({ "name": " Awa\r\n Diallo " })).as_deref(), Some("Awa Diallo"));
        let both = json!({ "given_name": "Awa", "usual_name": "Diallo", "family_name": "Diallo-Sy" });
        assert_eq!(named(both).as_deref(), Some("Awa Diallo"));
        assert_eq!(named(json!({ "family_name": "Diallo" })).as_deref(), Some("Diallo"));
        assert_eq!(named(json!({})), None);
    }

    #[test]
    fn an_address_counts_only_if_somebody_vouches_for_it() {
        let email = "awa@example.org";
        let verified = |id_token: Value, userinfo: Value, trusted| {
            let mut id_token = id_token;
            id_token["sub"] = "a".into();
            of(id_token, userinfo, trusted).verified_email().map(str::to_owned)
        };
        let plain = json!({ "email": email });
        assert_eq!(verified(json!({}), plain.clone(), false), None);
        assert_eq!(verified(json!({}), plain.clone(), true).as_deref(), Some(email));
        assert_eq!(verified(json!({}), json!({ "email": email, "email_verified": false }), true), None);
        assert_eq!(
            verified(json!({}), json!({ "email": email, "email_verified": "true" }), false).as_deref(),
            Some(email)
        );
        let token = json!({ "email": "other@example.org", "email_verified": true });
        assert_eq!(verified(token, plain, false), None, "one source vouches for its own address alone");
        assert_eq!(verified(json!({}), json!({ "email": "a@b@c.org", "email_verified": true }), true), None);
    }

    #[test]
    fn an_address_is_one_and_plain() {
        for good in ["awa@example.org", "a.b+c@x-y.example.org"] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "awa",
            "awa@host",
            "@example.org",
            "a@b.org,c@d.org",
            "a b@c.org",
            "a@b.org\r\nBcc: x@y.org",
            "<a@b.org>",
            "é@b.org",
            "a@.org",
        ] {
            assert!(!is_address(bad), "{bad:?}");
        }
    }
}
