//! A letter as it travels: headers and two bodies (RFC 5322, MIME).
//!
//! The id of a message is that of its row, so that whoever receives it twice can tell.

use std::time::SystemTime;

use crdt_store::mails::Mail;
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};

use super::render::one_line;

/// Why a letter can't be sent as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    #[error("the recipient's address is none")]
    Recipient,
    #[error("the letter can't be written as a message")]
    Letter,
}

/// The recipient, if the address is one.
pub(super) fn recipient(mail: &Mail) -> Result<Address, Unfit> {
    // An address with other letters needs an extension that few mail servers have.
    let address = mail.recipient.parse::<Address>().map_err(|_| Unfit::Recipient)?;
    if mail.recipient.is_ascii() { Ok(address) } else { Err(Unfit::Recipient) }
}

/// The message that goes over the wire.
pub(super) fn compose(mail: &Mail, from: &Mailbox, to: &Address) -> Result<Vec<u8>, Unfit> {
    let header = |name: &str, value: &str| {
        let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|_| Unfit::Letter)?;
        Ok(HeaderValue::new(name, value.to_owned()))
    };
    let message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(one_line(&mail.subject))
        .date(SystemTime::from(mail.created_at))
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .raw_header(header("Auto-Submitted", "auto-generated")?)
        .raw_header(header("Content-Language", &one_line(&mail.language))?)
        .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()));
    message.map(|message| message.formatted()).map_err(|_| Unfit::Letter)
}

#[cfg(test)]
mod tests {
    use crdt_store::MailId;
    use time::macros::datetime;

    use super::*;

    fn mail(recipient: &str, subject: &str) -> Mail {
        Mail {
            id: MailId::fresh(),
            recipient: recipient.to_owned(),
            language: "fr".to_owned(),
            kind: "sign-in".to_owned(),
            subject: subject.to_owned(),
            text: "Bonjour,\n\nà bientôt".to_owned(),
            html: "<p>à bientôt</p>".to_owned(),
            attempts: 1,
            created_at: datetime!(2026-11-24 18:00 UTC),
        }
    }

    #[test]
    fn a_message_has_its_headers_and_no_other() {
        let from: Mailbox = "Unisson <unisson@example.org>".parse().expect("a mailbox");
        let evil = mail("awa@example.org", "Nord\r\nBcc: all@example.org\r\n\r\nbody");
        let bytes = compose(&evil, &from, &recipient(&evil).expect("fit")).expect("composed");
        let text = String::from_utf8(bytes).expect("ascii");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let names: Vec<&str> = head
            .lines()
            .filter(|line| !line.starts_with([' ', '\t']))
            .filter_map(|line| line.split(':').next())
            .collect();
        for name in
            ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "MIME-Version"]
        {
            assert!(names.contains(&name), "{name} in {names:?}");
        }
        assert!(!names.iter().any(|name| name.eq_ignore_ascii_case("bcc")), "{head}");
        assert!(head.contains(&evil.id.to_string()));
        assert!(body.contains("text/plain") && body.contains("text/html"));
        assert!(text.lines().all(|line| line.len() < 998));
    }

    #[test]
    fn an_address_is_one_address() {
        for odd in [
            "",
            "awa",
            "awa@example.org\r\nRCPT TO:<b@example.org>",
            "a b@example.org",
            "<a@b.example>",
            "é@example.org",
            "a@b.example, c@d.example",
        ] {
            assert_eq!(recipient(&mail(odd, "x")), Err(Unfit::Recipient), "{odd:?}");
        }
        assert!(recipient(&mail("awa.diallo+x@example.org", "x")).is_ok());
    }
}
