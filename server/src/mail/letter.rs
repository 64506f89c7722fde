//! What letters say, in French and in English.
//!
//! One variant a letter. Addresses in it are whole ([`super::Mail::page`]); names are as people wrote them.

use crdt_store::communities::MemberRole;
use time::{Duration, OffsetDateTime};

use super::{dates::day, render::one_line};
use crate::http::Language;

/// Something to tell somebody by mail.
#[derive(Clone, Copy, Debug)]
pub enum Letter<'a> {
    /// The link that was asked for.
    SignIn { link: &'a str },
    /// A link was asked for, by somebody who signs in by the provider.
    UseProvider { provider: &'a str, page: &'a str },
    /// Somebody came from the provider with this address: connect the two?
    Merge { provider: &'a str, link: &'a str },
    /// Invited to a community. `until`: the end of the membership.
    Invitation {
        community: &'a str,
        purpose: &'a str,
        inviter: &'a str,
        role: MemberRole,
        until: Option<OffsetDateTime>,
        link: &'a str,
        link_ends: OffsetDateTime,
    },
    /// To the leaders: somebody asks to join.
    JoinAsked { community: &'a str, person: &'a str, message: Option<&'a str>, page: &'a str },
    /// The answer to who asked to join.
    JoinAnswered { community: &'a str, accepted: bool, reason: Option<&'a str>, page: &'a str },
    /// To the administrators: a community is requested.
    RequestReceived { number: &'a str, name: &'a str, requester: &'a str, page: &'a str },
    /// To the requester: what was decided.
    RequestDecided { number: &'a str, name: &'a str, decision: Decision, reason: Option<&'a str>, page: &'a str },
    /// To those whom the requester named: the community is there, and they lead it.
    CoLeader { community: &'a str, requester: &'a str, page: &'a str },
    /// Somebody wrote in the thread of a request.
    RequestMessage { number: &'a str, name: &'a str, writer: &'a str, message: &'a str, page: &'a str },
    /// To the leaders: an administrator looks into their community.
    AdministratorEntry { community: &'a str, administrator: &'a str, reason: &'a str, hours: i64, page: &'a str },
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Accepted,
    Changes,
    Refused,
}

/// A role in a sentence.
pub trait MemberWord {
    fn word(self, language: Language) -> &'static str;
}

impl MemberWord for MemberRole {
    fn word(self, language: Language) -> &'static str {
        match (language, self) {
            (Language::Fr, Self::Leader) => "responsable",
            (Language::Fr, Self::Moderator) => "modérateur ou modératrice",
            (Language::Fr, Self::Member) => "membre",
            (Language::Fr, Self::Reader) => "lecteur ou lectrice",
            (Language::En, Self::Leader) => "leader",
            (Language::En, Self::Moderator) => "moderator",
            (Language::En, Self::Member) => "member",
            (Language::En, Self::Reader) => "reader",
        }
    }
}

/// A letter in words.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    pub subject: String,
    /// Paragraphs.
    pub lines: Vec<String>,
    /// What a person wrote.
    pub quote: Option<String>,
    /// Label and address.
    pub button: Option<(String, String)>,
    /// Paragraphs below, in small print.
    pub small: Vec<String>,
}

impl Letter<'_> {
    /// What figures and the outbox call it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::SignIn { .. } => "sign-in",
            Self::UseProvider { .. } => "use-provider",
            Self::Merge { .. } => "merge",
            Self::Invitation { .. } => "invitation",
            Self::JoinAsked { .. } => "join-asked",
            Self::JoinAnswered { .. } => "join-answered",
            Self::RequestReceived { .. } => "request-received",
            Self::RequestDecided { .. } => "request-decided",
            Self::CoLeader { .. } => "co-leader",
            Self::RequestMessage { .. } => "request-message",
            Self::AdministratorEntry { .. } => "administrator-entry",
        }
    }

    /// For how long it is worth sending.
    pub(super) fn lasts(&self) -> Duration {
        match self {
            Self::SignIn { .. } | Self::UseProvider { .. } | Self::Merge { .. } => Duration::minutes(15),
            _ => Duration::days(3),
        }
    }

    /// `instance` is what the sender calls itself.
    pub(super) fn words(&self, language: Language, instance: &str) -> Words {
        match language {
            Language::Fr => self.french(instance),
            Language::En => self.english(instance),
        }
    }

    fn french(&self, instance: &str) -> Words {
        match *self {
            Self::SignIn { link } => Words {
                subject: format!("Votre lien de connexion à {instance}"),
                lines: vec![format!("Voici le lien que vous avez demandé pour vous connecter à {instance}.")],
                button: Some(("Se connecter".to_owned(), link.to_owned())),
                small: vec![
                    "Il ne sert qu’une fois et cesse de fonctionner au bout de 15 minutes.".to_owned(),
                    "Si vous n’avez rien demandé, ne faites rien\u{a0}: sans ce lien, personne ne peut se connecter à votre place."
                        .to_owned(),
                ],
                quote: None,
            },
            Self::UseProvider { provider, page } => Words {
                subject: format!("Votre connexion à {instance}"),
                lines: vec![format!(
                    "Vous avez demandé un lien de connexion par e-mail. Votre compte s’ouvre avec {}\u{a0}: utilisez ce bouton sur la page de connexion.",
                    one_line(provider)
                )],
                button: Some(("Aller à la page de connexion".to_owned(), page.to_owned())),
                small: vec!["Si vous n’avez rien demandé, ne faites rien.".to_owned()],
                quote: None,
            },
            Self::Merge { provider, link } => Words {
                subject: format!("Relier votre compte {instance}"),
                lines: vec![
                    format!(
                        "Quelqu’un vient de se connecter avec {} en présentant votre adresse. Un compte {instance} existe déjà pour cette adresse.",
                        one_line(provider)
                    ),
                    "Si c’était vous, confirmez que les deux vous appartiennent. Ouvrez ce lien dans le navigateur où vous avez commencé.".to_owned(),
                ],
                button: Some(("Relier les deux et me connecter".to_owned(), link.to_owned())),
                small: vec![
                    "Le lien ne sert qu’une fois et cesse de fonctionner au bout de 15 minutes.".to_owned(),
                    "Si ce n’était pas vous, n’ouvrez pas ce lien et prévenez l’administration du service.".to_owned(),
                ],
                quote: None,
            },
            Self::Invitation { community, purpose, inviter, role, until, link, link_ends } => {
                let (community, inviter) = (one_line(community), one_line(inviter));
                let mut lines = vec![format!(
                    "{inviter} vous invite à rejoindre la communauté «\u{a0}{community}\u{a0}» sur {instance}, comme {}.",
                    role.word(Language::Fr)
                )];
                if let Some(until) = until {
                    lines.push(format!("Votre participation est prévue jusqu’au {}.", day(until, Language::Fr)));
                }
                Words {
                    subject: format!("{inviter} vous invite dans «\u{a0}{community}\u{a0}»"),
                    lines,
                    quote: written(purpose),
                    button: Some(("Voir l’invitation".to_owned(), link.to_owned())),
                    small: vec![
                        format!("Ce lien vous est personnel et reste valable jusqu’au {}.", day(link_ends, Language::Fr)),
                        "Si vous ne connaissez pas cette personne, ne faites rien\u{a0}: sans réponse de votre part, vous ne rejoignez rien.".to_owned(),
                    ],
                }
            }
            Self::JoinAsked { community, person, message, page } => Words {
                subject: format!("{} souhaite rejoindre «\u{a0}{}\u{a0}»", one_line(person), one_line(community)),
                lines: vec![format!(
                    "{} demande à rejoindre la communauté «\u{a0}{}\u{a0}», dont vous êtes responsable.",
                    one_line(person),
                    one_line(community)
                )],
                quote: message.and_then(written),
                button: Some(("Répondre à la demande".to_owned(), page.to_owned())),
                small: Vec::new(),
            },
            Self::JoinAnswered { community, accepted: true, page, .. } => Words {
                subject: format!("Bienvenue dans «\u{a0}{}\u{a0}»", one_line(community)),
                lines: vec![format!("Votre demande est acceptée\u{a0}: vous êtes membre de «\u{a0}{}\u{a0}».", one_line(community))],
                button: Some(("Ouvrir la communauté".to_owned(), page.to_owned())),
                ..Words::default()
            },
            Self::JoinAnswered { community, reason, page, .. } => Words {
                subject: format!("Votre demande pour «\u{a0}{}\u{a0}»", one_line(community)),
                lines: vec![format!(
                    "Les responsables de «\u{a0}{}\u{a0}» n’ont pas donné suite à votre demande.",
                    one_line(community)
                )],
                quote: reason.and_then(written),
                button: Some(("Voir les communautés ouvertes".to_owned(), page.to_owned())),
                small: Vec::new(),
            },
            Self::RequestReceived { number, name, requester, page } => Words {
                subject: format!("Demande {number}\u{a0}: «\u{a0}{}\u{a0}»", one_line(name)),
                lines: vec![format!(
                    "{} demande la création de la communauté «\u{a0}{}\u{a0}».",
                    one_line(requester),
                    one_line(name)
                )],
                button: Some(("Examiner la demande".to_owned(), page.to_owned())),
                ..Words::default()
            },
            Self::RequestDecided { number, name, decision, reason, page } => {
                let name = one_line(name);
                let (subject, line, label) = match decision {
                    Decision::Accepted => (
                        format!("Votre communauté «\u{a0}{name}\u{a0}» est créée"),
                        format!("Votre demande {number} est acceptée\u{a0}: la communauté «\u{a0}{name}\u{a0}» existe et vous attend."),
                        "Ouvrir la communauté",
                    ),
                    Decision::Changes => (
                        format!("Votre demande {number} est à compléter"),
                        format!("Avant de décider, il faut quelques changements à votre demande de la communauté «\u{a0}{name}\u{a0}»."),
                        "Reprendre la demande",
                    ),
                    Decision::Refused => (
                        format!("Votre demande {number} n’est pas acceptée"),
                        format!("La communauté «\u{a0}{name}\u{a0}» ne sera pas créée."),
                        "Voir la demande",
                    ),
                };
                Words {
                    subject,
                    lines: vec![line],
                    quote: reason.and_then(written),
                    button: Some((label.to_owned(), page.to_owned())),
                    small: Vec::new(),
                }
            }
            Self::CoLeader { community, requester, page } => Words {
                subject: format!("Vous êtes responsable de «\u{a0}{}\u{a0}»", one_line(community)),
                lines: vec![
                    format!(
                        "La communauté «\u{a0}{}\u{a0}», demandée par {}, est créée. Vous y êtes responsable avec cette personne.",
                        one_line(community),
                        one_line(requester)
                    ),
                    "Vous pouvez inviter des membres, composer la communauté et changer ses règles.".to_owned(),
                ],
                button: Some(("Ouvrir la communauté".to_owned(), page.to_owned())),
                small: vec![
                    "Si vous ne le souhaitez pas, quittez la communauté depuis la liste de ses membres.".to_owned(),
                ],
                quote: None,
            },
            Self::RequestMessage { number, name, writer, message, page } => Words {
                subject: format!("Demande {number}\u{a0}: un message de {}", one_line(writer)),
                lines: vec![format!(
                    "{} vous a écrit au sujet de la demande de la communauté «\u{a0}{}\u{a0}».",
                    one_line(writer),
                    one_line(name)
                )],
                quote: written(message),
                button: Some(("Répondre".to_owned(), page.to_owned())),
                small: Vec::new(),
            },
            Self::AdministratorEntry { community, administrator, reason, hours, page } => Words {
                subject: format!("Un accès d’administration à «\u{a0}{}\u{a0}»", one_line(community)),
                lines: vec![
                    format!(
                        "{}, de l’administration du service, peut lire le contenu de la communauté «\u{a0}{}\u{a0}» pendant {hours} heures.",
                        one_line(administrator),
                        one_line(community)
                    ),
                    "La raison donnée\u{a0}:".to_owned(),
                ],
                quote: written(reason),
                button: Some(("Ouvrir la communauté".to_owned(), page.to_owned())),
                small: vec!["Cet accès est inscrit au journal et affiché sur la page de la communauté.".to_owned()],
            },
        }
    }

    fn english(&self, instance: &str) -> Words {
        match *self {
            Self::SignIn { link } => Words {
                subject: format!("Your link to sign in to {instance}"),
                lines: vec![format!("Here is the link that you asked for to sign in to {instance}.")],
                button: Some(("Sign in".to_owned(), link.to_owned())),
                small: vec![
                    "It works once, and stops working after 15 minutes.".to_owned(),
                    "If you did not ask for it, do nothing: without this link nobody can sign in as you.".to_owned(),
                ],
                quote: None,
            },
            Self::UseProvider { provider, page } => Words {
                subject: format!("Signing in to {instance}"),
                lines: vec![format!(
                    "You asked for a link to sign in by mail. Your account opens with {}: use that button on the sign-in page.",
                    one_line(provider)
                )],
                button: Some(("Go to the sign-in page".to_owned(), page.to_owned())),
                small: vec!["If you did not ask for anything, do nothing.".to_owned()],
                quote: None,
            },
            Self::Merge { provider, link } => Words {
                subject: format!("Connect your {instance} account"),
                lines: vec![
                    format!(
                        "Somebody has just signed in with {}, with your address. You already have an account on {instance} with that address.",
                        one_line(provider)
                    ),
                    "If it was you, confirm that both are yours. Open this link in the browser in which you began."
                        .to_owned(),
                ],
                button: Some(("Connect the two and sign me in".to_owned(), link.to_owned())),
                small: vec![
                    "The link works once, and stops working after 15 minutes.".to_owned(),
                    "If it was not you, do not open this link, and tell those who run the service.".to_owned(),
                ],
                quote: None,
            },
            Self::Invitation { community, purpose, inviter, role, until, link, link_ends } => {
                let (community, inviter) = (one_line(community), one_line(inviter));
                let mut lines = vec![format!(
                    "{inviter} invites you to join the community “{community}” on {instance}, as a {}.",
                    role.word(Language::En)
                )];
                if let Some(until) = until {
                    lines.push(format!("You would take part until {}.", day(until, Language::En)));
                }
                Words {
                    subject: format!("{inviter} invites you to “{community}”"),
                    lines,
                    quote: written(purpose),
                    button: Some(("See the invitation".to_owned(), link.to_owned())),
                    small: vec![
                        format!("This link is yours alone and works until {}.", day(link_ends, Language::En)),
                        "If you do not know this person, do nothing: without an answer from you, you join nothing."
                            .to_owned(),
                    ],
                }
            }
            Self::JoinAsked { community, person, message, page } => Words {
                subject: format!("{} would like to join “{}”", one_line(person), one_line(community)),
                lines: vec![format!(
                    "{} asks to join the community “{}”, which you lead.",
                    one_line(person),
                    one_line(community)
                )],
                quote: message.and_then(written),
                button: Some(("Answer the request".to_owned(), page.to_owned())),
                small: Vec::new(),
            },
            Self::JoinAnswered { community, accepted: true, page, .. } => Words {
                subject: format!("Welcome to “{}”", one_line(community)),
                lines: vec![format!("Your request is accepted: you are a member of “{}”.", one_line(community))],
                button: Some(("Open the community".to_owned(), page.to_owned())),
                ..Words::default()
            },
            Self::JoinAnswered { community, reason, page, .. } => Words {
                subject: format!("Your request to join “{}”", one_line(community)),
                lines: vec![format!("The leaders of “{}” did not accept your request.", one_line(community))],
                quote: reason.and_then(written),
                button: Some(("See the open communities".to_owned(), page.to_owned())),
                small: Vec::new(),
            },
            Self::RequestReceived { number, name, requester, page } => Words {
                subject: format!("Request {number}: “{}”", one_line(name)),
                lines: vec![format!("{} requests the community “{}”.", one_line(requester), one_line(name))],
                button: Some(("Look at the request".to_owned(), page.to_owned())),
                ..Words::default()
            },
            Self::RequestDecided { number, name, decision, reason, page } => {
                let name = one_line(name);
                let (subject, line, label) = match decision {
                    Decision::Accepted => (
                        format!("Your community “{name}” exists"),
                        format!(
                            "Your request {number} is accepted: the community “{name}” is there and waits for you."
                        ),
                        "Open the community",
                    ),
                    Decision::Changes => (
                        format!("Your request {number} needs a few changes"),
                        format!("Before a decision, your request for the community “{name}” needs a few changes."),
                        "Take up the request",
                    ),
                    Decision::Refused => (
                        format!("Your request {number} is not accepted"),
                        format!("The community “{name}” will not be created."),
                        "See the request",
                    ),
                };
                Words {
                    subject,
                    lines: vec![line],
                    quote: reason.and_then(written),
                    button: Some((label.to_owned(), page.to_owned())),
                    small: Vec::new(),
                }
            }
            Self::CoLeader { community, requester, page } => Words {
                subject: format!("You lead “{}”", one_line(community)),
                lines: vec![
                    format!(
                        "The community “{}”, which {} asked for, exists. You lead it together with them.",
                        one_line(community),
                        one_line(requester)
                    ),
                    "You can invite members, compose the community and change its rules.".to_owned(),
                ],
                button: Some(("Open the community".to_owned(), page.to_owned())),
                small: vec!["If you would rather not, leave the community from the list of its members.".to_owned()],
                quote: None,
            },
            Self::RequestMessage { number, name, writer, message, page } => Words {
                subject: format!("Request {number}: a message from {}", one_line(writer)),
                lines: vec![format!(
                    "{} wrote to you about the request for the community “{}”.",
                    one_line(writer),
                    one_line(name)
                )],
                quote: written(message),
                button: Some(("Answer".to_owned(), page.to_owned())),
                small: Vec::new(),
            },
            Self::AdministratorEntry { community, administrator, reason, hours, page } => Words {
                subject: format!("Administrators’ access to “{}”", one_line(community)),
                lines: vec![
                    format!(
                        "{}, who administers the service, can read what is in the community “{}” for {hours} hours.",
                        one_line(administrator),
                        one_line(community)
                    ),
                    "The reason given:".to_owned(),
                ],
                quote: written(reason),
                button: Some(("Open the community".to_owned(), page.to_owned())),
                small: vec!["This access is in the audit log and shown on the community’s page.".to_owned()],
            },
        }
    }
}

/// What somebody wrote, if they wrote anything.
fn written(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn every_letter_is_written_in_both_languages_and_leads_somewhere() {
        let page = "https://unisson.example/x";
        let evil = "Nord\r\nBcc: all@example.org";
        let at = datetime!(2026-12-01 12:00 UTC);
        let letters = [
            Letter::SignIn { link: page },
            Letter::UseProvider { provider: evil, page },
            Letter::Merge { provider: evil, link: page },
            Letter::Invitation {
                community: evil,
                purpose: evil,
                inviter: evil,
                role: MemberRole::Member,
                until: Some(at),
                link: page,
                link_ends: at,
            },
            Letter::JoinAsked { community: evil, person: evil, message: Some(evil), page },
            Letter::JoinAnswered { community: evil, accepted: true, reason: None, page },
            Letter::JoinAnswered { community: evil, accepted: false, reason: Some(evil), page },
            Letter::RequestReceived { number: "2026-0001", name: evil, requester: evil, page },
            Letter::RequestDecided {
                number: "2026-0001",
                name: evil,
                decision: Decision::Accepted,
                reason: None,
                page,
            },
            Letter::RequestDecided {
                number: "2026-0001",
                name: evil,
                decision: Decision::Changes,
                reason: Some(evil),
                page,
            },
            Letter::RequestDecided {
                number: "2026-0001",
                name: evil,
                decision: Decision::Refused,
                reason: Some(evil),
                page,
            },
            Letter::CoLeader { community: evil, requester: evil, page },
            Letter::RequestMessage { number: "2026-0001", name: evil, writer: evil, message: evil, page },
            Letter::AdministratorEntry { community: evil, administrator: evil, reason: evil, hours: 8, page },
        ];
        for letter in letters {
            let (french, english) = (letter.words(Language::Fr, "Unisson"), letter.words(Language::En, "Unisson"));
            assert_ne!(french.subject, english.subject, "{letter:?}");
            for words in [french, english] {
                assert!(!words.subject.is_empty() && !words.subject.contains(['\r', '\n']), "{words:?}");
                assert!(!words.lines.is_empty() && words.lines.iter().all(|line| !line.contains(['\r', '\n'])));
                assert_eq!(words.button.map(|(_, address)| address).as_deref(), Some(page));
            }
        }
    }
}
