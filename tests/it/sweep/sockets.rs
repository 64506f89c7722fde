//! The live text and the feed, asked as everybody: things of each kind, shared in each way, by each of the ways in.
//!
//! What somebody may not read answers as what never was, on a WebSocket in both dialects and over plain HTTP.

use base64::{Engine, engine::general_purpose::STANDARD};
use crdt_store::{
    DocumentId,
    communities::{Feature, Rest},
    documents::{LinkTerms, NewSharing, Shared, Sharing},
    update::lib0,
};
use uuid::Uuid;

use super::place::{Place, VISIBILITIES, WHO, id, place};
use crate::people_node::{CHLOE, DAVID, INES};

/// A letter for each of [`WHO`], at a public, a private and a secret community: `w` writes, `r` reads, `-` learns nothing.
type Letters = [&'static str; 3];

const INHERITED: Letters = ["--wrrwwwr-", "--w-rwww--", "--w-rwww--"];
const RESTRICTED: Letters = ["----------"; 3];
/// Chloé and David are named, and may write.
const NAMED: Letters = ["-wwwwwww--"; 3];
/// Whoever is a colleague may comment.
const LINKED: Letters = ["--wrrwwwr-"; 3];
const ARCHIVED: Letters = ["--rrrrrrr-", "--r-rrrr--", "--r-rrrr--"];

/// A document, what it is, and who may.
struct Asked {
    what: &'static str,
    document: DocumentId,
    letters: Letters,
}

/// Who somebody is: `None` for a visitor.
type Who = Option<&'static str>;

/// The first words of a client in the Hocuspocus dialect: a document's name, and no token.
fn hocuspocus(document: &str) -> Vec<u8> {
    let mut hello = Vec::new();
    lib0::write_var_string(&mut hello, document);
    lib0::write_var_uint(&mut hello, 2);
    lib0::write_var_uint(&mut hello, 0);
    lib0::write_var_string(&mut hello, "");
    hello
}

/// What is said of a document without its name.
fn unnamed(said: &[u8], document: &str) -> Vec<u8> {
    let mut name = Vec::new();
    lib0::write_var_string(&mut name, document);
    said.strip_prefix(&name[..]).expect("it names the document").to_vec()
}

/// The letter that an answer in the Hocuspocus dialect comes to: yes (2) with what one may, or no (0) with a reason.
fn right(said: &[u8]) -> char {
    match said.strip_prefix(&[2, 2]) {
        Some(scope) if scope.ends_with(b"read-write") => 'w',
        Some(scope) if scope.ends_with(b"readonly") => 'r',
        Some(_) => '?',
        None => '-',
    }
}

impl Place {
    pub(super) async fn by_websocket(&self, who: Who, document: &str) -> Vec<u8> {
        let said = self.speak("/collab", who, Some(hocuspocus(document))).await.expect("a socket");
        unnamed(&said, document)
    }

    /// Step 1, answered by step 2 or by a refusal.
    pub(super) async fn by_yjs(&self, who: Who, document: &str) -> Result<Vec<u8>, u16> {
        self.speak(&format!("/yjs/{document}"), who, Some(vec![0, 0, 1, 0])).await
    }

    /// Opens a connection of requests and an event stream, says hello, and reads the first answer.
    pub(super) async fn by_post(&self, who: Who, document: &str) -> Vec<u8> {
        let connection = self.connection(who).await;
        let hello = hocuspocus(document);
        let length = u32::try_from(hello.len()).expect("a short hello");
        let piece = [&length.to_be_bytes()[..], &hello].concat();
        let sent = self.send("POST", &format!("{connection}?at=0"), who, piece).await;
        assert_eq!(sent.status, 204, "{}", sent.bytes);
        let event = self.first_event(&format!("{connection}/events"), who).await.expect("a stream");
        let ended = self.send("DELETE", &connection, who, "").await;
        assert_eq!(ended.status, 204, "{}", ended.bytes);
        unnamed(&STANDARD.decode(&event).unwrap_or_else(|_| panic!("{event}")), document)
    }

    /// The address of a connection that `who` has just opened.
    async fn connection(&self, who: Who) -> String {
        let connection = format!("/collab/http/{}", Uuid::new_v4().simple());
        let opened = self.send("POST", &format!("{connection}/open"), who, "").await;
        assert_eq!(opened.status, 201, "{}", opened.bytes);
        connection
    }

    /// Documents of each kind, and shared in each way, in a community of that visibility.
    async fn documents(&self, of: usize, who: usize) -> Vec<Asked> {
        let (_, who, role) = WHO[who];
        let db = &self.node.db;
        let mut all = Vec::new();
        let living = self.stage(VISIBILITIES[of], who, role).await.community;
        let resting = self.stage(VISIBILITIES[of], who, role).await.community;
        for feature in Feature::ALL {
            let what = feature.as_str();
            all.push(Asked { what, document: self.document(living, *feature).await, letters: INHERITED });
            let document = self.document(resting, *feature).await;
            all.push(Asked { what: "of an archived community", document, letters: ARCHIVED });
        }
        db.communities().set_rest(resting, id(INES), Rest::Archived).await.expect("it is laid to rest");

        let people = vec![(id(CHLOE), Shared::Write), (id(DAVID), Shared::Write)];
        let link = Some(LinkTerms { access: Shared::Comment, expires_at: None });
        let over = Some(LinkTerms { access: Shared::Write, expires_at: Some(time::OffsetDateTime::UNIX_EPOCH) });
        for (what, visibility, link, people, letters) in [
            ("restricted", Sharing::Restricted, None, vec![], RESTRICTED),
            ("restricted to some", Sharing::Restricted, None, people, NAMED),
            ("open by its address", Sharing::Link, link, vec![], LINKED),
            ("no longer open by its address", Sharing::Link, over, vec![], INHERITED),
        ] {
            let document = self.document(living, Feature::Documents).await;
            db.documents().share(document, &NewSharing { visibility, link, people }, id(INES)).await.expect("shared");
            all.push(Asked { what, document, letters });
        }
        let document = self.document(living, Feature::Documents).await;
        db.documents().delete(document).await.expect("deleted");
        all.push(Asked { what: "deleted", document, letters: ["----------"; 3] });
        all
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_a_live_text_answers_everybody_as_the_table_says() {
    let place = place().await;
    let mut wrong = Vec::new();
    let mut asked = 0;
    for (of, visibility) in VISIBILITIES.into_iter().enumerate() {
        for (index, (name, who, _)) in WHO.into_iter().enumerate() {
            let never = Uuid::now_v7().to_string();
            let nothing = (
                place.by_websocket(who, &never).await,
                place.by_yjs(who, &never).await,
                place.by_post(who, &never).await,
            );
            for Asked { what, document, letters } in place.documents(of, index).await {
                let document = document.to_string();
                let expected = letters[of].chars().nth(index).expect("a letter for each");
                let said = (
                    place.by_websocket(who, &document).await,
                    place.by_yjs(who, &document).await,
                    place.by_post(who, &document).await,
                );
                asked += 1;
                let letters = [right(&said.0), right(&said.2)];
                if letters != [expected; 2] {
                    wrong.push(format!("{what}, {visibility}, as {name}: {letters:?} for {expected}"));
                }
                if said.1.as_ref().is_ok_and(|said| said.first() == Some(&0)) != (expected != '-') {
                    wrong.push(format!("/yjs {what}, {visibility}, as {name}: {:?} for {expected}", said.1));
                }
                if expected == '-' && said != nothing {
                    wrong
                        .push(format!("{what}, {visibility}, as {name} tells that it is there: {said:?}, {nothing:?}"));
                }
            }
        }
    }
    place.node.stop().await;
    assert!(asked > 300, "{asked} documents were asked for");
    assert!(wrong.is_empty(), "ways that answer otherwise:\n{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_is_for_whoever_is_signed_in() {
    let place = place().await;
    for (name, who, _) in WHO {
        let feed = place.speak("/live", who, None).await;
        assert_eq!(feed.is_ok(), !matches!(name, "visitor" | "suspended"), "/live as {name}: {feed:?}");
    }
    place.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_of_somebody_else_is_none() {
    let place = place().await;
    let connection = place.connection(Some(INES)).await;
    let never = format!("/collab/http/{}", Uuid::new_v4().simple());
    for (name, who, _) in WHO {
        for (method, what) in [("POST", "?at=0"), ("GET", "/events"), ("DELETE", "")] {
            let answer = place.send(method, &format!("{connection}{what}"), who, "").await;
            let twin = place.send(method, &format!("{never}{what}"), who, "").await;
            assert_eq!(answer.status, 404, "{method} {what} as {name}: {}", answer.bytes);
            assert_eq!(answer.bytes, twin.bytes, "{method} {what} as {name} tells that it is there");
        }
        let taken = place.send("POST", &format!("{connection}/open"), who, "").await;
        assert_eq!(taken.status, 404, "as {name}: {}", taken.bytes);
    }
    let own = place.send("POST", &format!("{connection}?at=0"), Some(INES), "").await;
    assert_eq!(own.status, 204, "{}", own.bytes);
    place.node.stop().await;
}
