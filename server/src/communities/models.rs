//! What a community begins with: pages by its model, in the language of who asked for it, written together from then on.

mod english;
mod french;

use crdt_store::{
    CommunityId, DocumentId,
    communities::{Feature, Founding, Joining, NewCommunity, Page, Visibility},
    doc::{Block, DocError, Span, Task, seed_rich_text},
    requests::Wish,
};

use crate::http::Language;

/// The Yjs client that writes them. Yjs draws its own at random from 32 bits.
const CLIENT: u64 = 1;

/// A page that a model brings.
struct Text {
    title: &'static str,
    feature: Feature,
    blocks: Vec<Block>,
}

/// The community that a wish becomes, with pages in that language: the instance's first where there is no such.
pub(super) fn founding(wish: &Wish, language: &str) -> Result<Founding, DocError> {
    let (welcome, texts) = match Language::from_tag(language).unwrap_or_default() {
        Language::Fr => (("Bienvenue", french::welcome(wish)), french::texts(wish.model)),
        Language::En => (("Welcome", english::welcome(wish)), english::texts(wish.model)),
    };
    let mut pages = vec![page(welcome.0, welcome_place(&wish.features), &welcome.1)?];
    for text in texts {
        if wish.features.contains(&text.feature) {
            pages.push(page(text.title, text.feature, &text.blocks)?);
        }
    }
    let id = CommunityId::fresh();
    let slug = match wish.visibility {
        Visibility::Secret => Founding::secret_slug(&wish.name, id),
        Visibility::Public | Visibility::Private => Founding::slug(&wish.name),
    };
    Ok(Founding {
        community: NewCommunity {
            id,
            slug,
            name: wish.name.clone(),
            purpose: wish.purpose.clone(),
            visibility: wish.visibility,
        },
        joining: wish.joining,
        model: wish.model,
        features: wish.features.clone(),
        co_leaders: wish.co_leaders.clone(),
        pages,
    })
}

/// Whether one can come in so: nobody asks to join what they don't know of.
pub(super) fn goes_together(visibility: Visibility, joining: Joining) -> bool {
    visibility != Visibility::Secret || joining == Joining::Invitation
}

fn page(title: &str, feature: Feature, blocks: &[Block]) -> Result<Page, DocError> {
    Ok(Page { id: DocumentId::fresh(), title: title.to_owned(), feature, seed: seed_rich_text(CLIENT, blocks)? })
}

/// The welcome stands with the documents, or else where the community has its first list.
fn welcome_place(features: &[Feature]) -> Feature {
    match features.first() {
        Some(first) if !features.contains(&Feature::Documents) => *first,
        _ => Feature::Documents,
    }
}

fn heading(text: &str) -> Block {
    Block::Heading { level: 2, text: vec![Span::plain(text)] }
}

fn paragraph(text: &str) -> Block {
    Block::Paragraph(vec![Span::plain(text)])
}

fn items<const N: usize>(texts: [&str; N]) -> Block {
    Block::BulletList(texts.iter().map(|text| vec![paragraph(text)]).collect())
}

fn tasks<const N: usize>(texts: [&str; N]) -> Block {
    Block::TaskList(texts.iter().map(|text| Task { checked: false, content: vec![paragraph(text)] }).collect())
}

fn table<const C: usize, const R: usize>(rows: [[&str; C]; R]) -> Block {
    let cell = |text: &str| vec![Span::plain(text)];
    Block::Table(rows.iter().map(|row| row.iter().map(|text| cell(text)).collect()).collect())
}

#[cfg(test)]
mod tests {
    use crdt_store::communities::Model;

    use super::*;

    fn wish(model: Model, features: Vec<Feature>) -> Wish {
        Wish {
            name: "Référents mobilité durable".to_owned(),
            purpose: "Échanger.\n\nAvancer.".to_owned(),
            model,
            visibility: Visibility::Private,
            joining: Joining::Approval,
            features,
            co_leaders: Vec::new(),
        }
    }

    #[test]
    fn every_model_has_a_page_for_each_list_in_each_language() {
        for (language, welcome) in [("fr", "Bienvenue"), ("en", "Welcome"), ("xx", "Bienvenue")] {
            for model in Model::ALL {
                let founding = founding(&wish(*model, Feature::ALL.to_vec()), language).unwrap();
                for feature in Feature::ALL {
                    assert!(founding.pages.iter().any(|page| page.feature == *feature), "{language} {model} {feature}");
                }
                assert_eq!(founding.pages[0].title, welcome);
                assert!(founding.pages.iter().all(|page| !page.seed.is_empty()));
                assert_eq!(founding.community.slug, "referents-mobilite-durable");
            }
        }
    }

    #[test]
    fn the_name_of_a_secret_community_takes_no_address_away() {
        let secret = Wish { visibility: Visibility::Secret, ..wish(Model::Project, vec![Feature::Documents]) };
        let slugs = [0, 1].map(|_| founding(&secret, "fr").unwrap().community.slug);
        assert_ne!(slugs[0], slugs[1]);
        for slug in slugs {
            assert_eq!(slug.len(), "referents-mobilite-durable-12345678".len(), "{slug}");
        }
    }

    #[test]
    fn both_languages_have_the_same_pages() {
        let shape = |texts: Vec<Text>| -> Vec<_> {
            let kinds = |text: &Text| text.blocks.iter().map(std::mem::discriminant).collect::<Vec<_>>();
            texts.iter().map(|text| (text.feature, kinds(text))).collect()
        };
        for model in Model::ALL {
            assert_eq!(shape(french::texts(*model)), shape(english::texts(*model)), "{model}");
        }
    }

    #[test]
    fn the_welcome_stands_where_there_is_a_list() {
        let founding = founding(&wish(Model::Event, vec![Feature::Faq]), "fr").unwrap();
        assert!(founding.pages.iter().all(|page| page.feature == Feature::Faq));
    }

    #[test]
    fn spacing_is_french_in_french_only() {
        let words = |texts: Vec<Text>, welcome: Vec<Block>| {
            let texts: Vec<_> = texts.iter().map(|text| (text.title, &text.blocks)).collect();
            format!("{texts:?}{welcome:?}")
        };
        for model in Model::ALL {
            let wish = wish(*model, Vec::new());
            let french = words(french::texts(*model), french::welcome(&wish));
            for wrong in ["« ", " »", " !", " ?", " ;"] {
                assert!(!french.contains(wrong), "an ordinary space in {wrong:?}");
            }
            let english = words(english::texts(*model), english::welcome(&wish));
            for wrong in ["«", "\u{202f}", "\\u{202f}", " :", " !", " ?"] {
                assert!(!english.contains(wrong), "{wrong:?} in {english}");
            }
        }
    }
}
