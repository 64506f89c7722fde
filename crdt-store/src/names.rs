//! Names as they are sorted and found: folded, and cut into words.
//!
//! Folding makes capitals small and takes accents off, so that "Élise" is found by "elise" on both engines. A row whose
//! `name_key` is null has a name that was not looked at yet: whoever asks for a list looks at those first
//! ([`catch_up`]), so that nobody who writes a name has to think of it. A trigger empties the key when a name changes.
//!
//! Addresses are words as well, behind an `@` of their own: only who looks for an address finds by it.

use uuid::Uuid;

use crate::db::on::One;
use crate::db::{Db, Tx};
use crate::error::{Result, StoreError};

/// Rows that are looked at in one transaction.
const HANDFUL: i64 = 500;
const KEY_CHARS: usize = 200;
const WORD_CHARS: usize = 60;
const WORDS_MAX: usize = 16;

/// Words that say nothing of what a name is about.
const SMALL: [&str; 22] = [
    "a", "au", "aux", "avec", "dans", "de", "des", "du", "en", "et", "for", "la", "le", "les", "of", "ou", "par",
    "pour", "sur", "the", "un", "une",
];

/// Small letters without accents; what is neither letter nor digit becomes one space.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        match bare(letter) {
            Some(plain) => folded.push_str(plain),
            None if ('\u{300}'..='\u{36f}').contains(&letter) => {}
            None if letter.is_alphanumeric() => folded.push(letter),
            None if !folded.is_empty() && !folded.ends_with(' ') => folded.push(' '),
            None => {}
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

fn bare(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ç' | 'ć' | 'č' | 'ĉ' | 'ċ' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì' | 'í' | 'î' | 'ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'ĵ' => "j",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => "o",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'ù' | 'ú' | 'û' | 'ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'œ' => "oe",
        'æ' => "ae",
        'ß' => "ss",
        'þ' => "th",
        _ => return None,
    })
}

/// Words that many communities have in their names.
const COMMON: [&str; 11] = [
    "atelier",
    "club",
    "communaute",
    "community",
    "equipe",
    "groupe",
    "network",
    "project",
    "projet",
    "reseau",
    "travail",
];

/// What a name is sorted by.
pub fn key(name: &str) -> String {
    fold(name).chars().take(KEY_CHARS).collect()
}

/// The words of a text, folded, each once.
pub fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in fold(text).split(' ').filter(|word| !word.is_empty()) {
        let word: String = word.chars().take(WORD_CHARS).collect();
        if words.len() < WORDS_MAX && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// What an address is found by.
fn address_word(email: &str) -> String {
    format!("@{}", email.chars().take(WORD_CHARS).collect::<String>())
}

/// What words begin with, from `from` on and before `to`; nothing where it is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    pub from: String,
    pub to: String,
}

impl Range {
    /// The words that begin so.
    pub fn of(start: &str) -> Self {
        Self { from: start.to_owned(), to: format!("{start}\u{10ffff}") }
    }
}

/// What somebody looks for: words that begin so, the longest first; up to three count.
#[derive(Debug, Clone)]
pub(crate) struct Sought {
    pub first: Range,
    /// Empty ranges where fewer were given: they are left aside.
    pub more: [Range; 2],
}

impl Sought {
    /// `None` where nothing is looked for.
    pub fn read(text: &str) -> Option<Self> {
        let mut words = words(text);
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let mut words = words.iter().map(|word| Range::of(word));
        let first = words.next()?;
        let nothing = || Range { from: String::new(), to: String::new() };
        Some(Self { first, more: [words.next().unwrap_or_else(nothing), words.next().unwrap_or_else(nothing)] })
    }

    /// The same, and by addresses where the text looks like the beginning of one.
    pub fn read_with_addresses(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        if !text.contains('@') {
            return Self::read(&text);
        }
        let nothing = || Range { from: String::new(), to: String::new() };
        Some(Self { first: Range::of(&address_word(&text)), more: [nothing(), nothing()] })
    }
}

/// What tells a name from others: its words without the small and the common ones, plurals aside. At most eight. Of a
/// name that has only common ones, those.
pub(crate) fn telling(name: &str) -> Vec<Range> {
    let long = |word: &String| word.chars().count() >= 3 && !SMALL.contains(&word.as_str());
    let stem = |word: String| match word.strip_suffix(['s', 'x']) {
        Some(stem) if stem.chars().count() >= 4 => stem.to_owned(),
        _ => word,
    };
    let stems: Vec<String> = words(name).into_iter().filter(long).map(stem).collect();
    let mut telling: Vec<&String> = stems.iter().filter(|stem| !COMMON.contains(&stem.as_str())).collect();
    if telling.is_empty() {
        telling = stems.iter().collect();
    }
    telling.dedup();
    telling.into_iter().take(8).map(|stem| Range::of(stem)).collect()
}

#[derive(sqlx::FromRow)]
struct Named {
    id: Uuid,
    name: String,
    email: Option<String>,
}

/// Texts and the ids that they belong to, as each engine is handed them.
#[derive(Default)]
struct Pairs(Vec<(String, Uuid)>);

impl Pairs {
    /// Runs a statement over them: SQLite's gets them as JSON, PostgreSQL's as two arrays.
    async fn run(&self, tx: &mut Tx, sqlite: &'static str, postgres: &'static str) -> Result<()> {
        match tx {
            Tx::Sqlite(tx) => {
                let pairs: Vec<[String; 2]> =
                    self.0.iter().map(|(text, id)| [text.clone(), id.simple().to_string()]).collect();
                let json = serde_json::to_string(&pairs)
                    .map_err(|error| StoreError::Database(sqlx::Error::Encode(error.into())))?;
                sqlx::query(sqlite).bind(json).execute(&mut **tx).await?;
            }
            Tx::Postgres(tx) => {
                let (texts, ids): (Vec<String>, Vec<Uuid>) = self.0.iter().cloned().unzip();
                sqlx::query(postgres).bind(texts).bind(ids).execute(&mut **tx).await?;
            }
        }
        Ok(())
    }
}

/// Looks at the names of people and communities that were not looked at yet. Usually there are none.
pub(crate) async fn catch_up(db: &Db) -> Result<()> {
    while people(db).await? {}
    while communities(db).await? {}
    Ok(())
}

async fn people(db: &Db) -> Result<bool> {
    let waiting = on!(db.reader(), maybe One<Uuid>, "select id from users where name_key is null limit 1")?;
    if waiting.is_none() {
        return Ok(false);
    }
    let mut tx = db.begin().await?;
    // Touched, which holds them: a name that changes meanwhile waits, and is looked at again.
    let named = on!(
        in &mut tx,
        all Named,
        "update users set role = role
         where name_key is null and id in (select id from users where name_key is null limit $1)
         returning id, name, email",
        HANDFUL
    )?;
    let keys = Pairs(named.iter().map(|row| (key(&row.name), row.id)).collect());
    let mut words_of = Pairs::default();
    for row in &named {
        words_of.0.extend(words(&row.name).into_iter().map(|word| (word, row.id)));
        words_of.0.extend(row.email.as_deref().map(|email| (address_word(email), row.id)));
    }
    keys.run(
        &mut tx,
        "delete from person_words where user_id in (select unhex(value ->> 1) from json_each($1))",
        "delete from person_words where $1::text[] is not null and user_id = any($2::uuid[])",
    )
    .await?;
    words_of
        .run(
            &mut tx,
            "insert into person_words (word, user_id)
             select value ->> 0, unhex(value ->> 1) from json_each($1) where true on conflict do nothing",
            "insert into person_words (word, user_id)
             select * from unnest($1::text[], $2::uuid[]) on conflict do nothing",
        )
        .await?;
    keys.run(
        &mut tx,
        "update users set name_key = q.name_key
         from (select value ->> 0 as name_key, unhex(value ->> 1) as id from json_each($1)) q where users.id = q.id",
        "update users set name_key = q.name_key
         from unnest($1::text[], $2::uuid[]) as q (name_key, id) where users.id = q.id",
    )
    .await?;
    tx.commit().await?;
    Ok(named.len() as i64 == HANDFUL)
}

async fn communities(db: &Db) -> Result<bool> {
    let waiting = on!(db.reader(), maybe One<Uuid>, "select id from communities where name_key is null limit 1")?;
    if waiting.is_none() {
        return Ok(false);
    }
    let mut tx = db.begin().await?;
    let named = on!(
        in &mut tx,
        all Named,
        "update communities set model = model
         where name_key is null and id in (select id from communities where name_key is null limit $1)
         returning id, name, null as email",
        HANDFUL
    )?;
    let keys = Pairs(named.iter().map(|row| (key(&row.name), row.id)).collect());
    let words_of = named.iter().flat_map(|row| words(&row.name).into_iter().map(|word| (word, row.id)));
    let words_of = Pairs(words_of.collect());
    keys.run(
        &mut tx,
        "delete from community_words where community_id in (select unhex(value ->> 1) from json_each($1))",
        "delete from community_words where $1::text[] is not null and community_id = any($2::uuid[])",
    )
    .await?;
    words_of
        .run(
            &mut tx,
            "insert into community_words (word, community_id)
             select value ->> 0, unhex(value ->> 1) from json_each($1) where true on conflict do nothing",
            "insert into community_words (word, community_id)
             select * from unnest($1::text[], $2::uuid[]) on conflict do nothing",
        )
        .await?;
    keys.run(
        &mut tx,
        "update communities set name_key = q.name_key
         from (select value ->> 0 as name_key, unhex(value ->> 1) as id from json_each($1)) q
         where communities.id = q.id",
        "update communities set name_key = q.name_key
         from unnest($1::text[], $2::uuid[]) as q (name_key, id) where communities.id = q.id",
    )
    .await?;
    tx.commit().await?;
    Ok(named.len() as i64 == HANDFUL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_capitals_are_no_matter() {
        assert_eq!(fold("  Élise  d’Œuvre-Ñandú "), "elise d oeuvre nandu");
        assert_eq!(fold("e\u{301}te\u{301}"), "ete");
        assert_eq!(words("Réseau des réseaux, RESEAU"), ["reseau", "des", "reseaux"]);
        assert_eq!(fold("…!"), "");
    }

    #[test]
    fn small_words_and_plurals_do_not_tell() {
        let stems: Vec<String> =
            telling("Réseau des chefs de projet numérique").into_iter().map(|range| range.from).collect();
        assert_eq!(stems, ["chef", "numerique"]);
        let common: Vec<String> = telling("Réseau de projets").into_iter().map(|range| range.from).collect();
        assert_eq!(common, ["reseau", "projet"]);
    }

    #[test]
    fn the_longest_word_is_looked_for_first() {
        let sought = Sought::read("du Réseau").map(|sought| (sought.first.from, sought.more[0].from.clone()));
        assert_eq!(sought, Some(("reseau".to_owned(), "du".to_owned())));
        assert!(Sought::read(" ’ ").is_none());
        let address = Sought::read_with_addresses("Awa.D@ex").map(|sought| sought.first.from);
        assert_eq!(address.as_deref(), Some("@awa.d@ex"));
    }
}
