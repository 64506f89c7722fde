//! What a community begins with: pages by its model, written together from then on. French spacing is in the words:
//! U+202F before ; : ! ? and inside « ».

use crdt_store::{
    CommunityId, DocumentId,
    communities::{Feature, Founding, Joining, Model, NewCommunity, Page, Visibility},
    doc::{Block, DocError, Span, Task, seed_rich_text},
    requests::Wish,
};

/// The Yjs client that writes them. Yjs draws its own at random from 32 bits.
const CLIENT: u64 = 1;

struct Text {
    title: &'static str,
    feature: Feature,
    blocks: Vec<Block>,
}

/// The community that a wish becomes.
pub(super) fn founding(wish: &Wish) -> Result<Founding, DocError> {
    let mut pages = vec![page("Bienvenue", welcome_place(&wish.features), &welcome(wish))?];
    for text in texts(wish.model) {
        if wish.features.contains(&text.feature) {
            pages.push(page(text.title, text.feature, &text.blocks)?);
        }
    }
    Ok(Founding {
        community: NewCommunity {
            id: CommunityId::fresh(),
            slug: Founding::slug(&wish.name),
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

fn welcome(wish: &Wish) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(vec![
        Span::plain("Bienvenue dans «\u{202f}"),
        Span::bold(wish.name.as_str()),
        Span::plain("\u{202f}»."),
    ])];
    blocks.extend(wish.purpose.lines().filter(|line| !line.trim().is_empty()).map(paragraph));
    blocks.push(heading("Pour commencer"));
    blocks.push(match wish.model {
        Model::Network => tasks([
            "Présentez-vous en deux lignes : votre service, ce que vous cherchez, ce que vous pouvez apporter.",
            "Proposez un premier thème d’échange.",
            "Choisissez ensemble le jour et l’heure du rendez-vous régulier.",
        ]),
        Model::Project => tasks([
            "Relisez la note de cadrage et complétez ce qui manque.",
            "Inscrivez qui fait quoi, et pour quand.",
            "Déposez ici les documents qui font foi.",
        ]),
        Model::Event => tasks([
            "Complétez le programme et les horaires.",
            "Notez les informations pratiques : lieu, accès, repas, accessibilité.",
            "Répartissez l’accueil, l’animation et le compte rendu.",
        ]),
    });
    blocks.push(paragraph(
        "Cette page s’écrit à plusieurs : corrigez-la et complétez-la, tout ce qui est tapé est vu par les autres aussitôt.",
    ));
    blocks
}

fn texts(model: Model) -> Vec<Text> {
    match model {
        Model::Network => vec![
            Text {
                title: "Compte rendu : modèle",
                feature: Feature::Documents,
                blocks: vec![
                    paragraph("Date, lieu, personnes présentes."),
                    heading("Ce qui a été dit"),
                    items(["Premier point", "Deuxième point"]),
                    heading("Ce qui est décidé"),
                    table([["Quoi", "Qui", "Pour quand"], ["", "", ""]]),
                ],
            },
            Text {
                title: "Qui fait quoi dans le réseau",
                feature: Feature::Wiki,
                blocks: vec![
                    paragraph("Chacun ajoute sa ligne : cela évite de chercher longtemps la bonne personne."),
                    table([["Nom", "Service", "Je peux aider sur"], ["", "", ""]]),
                ],
            },
            Text {
                title: "Le réseau est ouvert",
                feature: Feature::Posts,
                blocks: vec![
                    paragraph(
                        "Le réseau a maintenant sa place. On y pose une question, on y raconte ce qui a marché, et ce qui n’a pas marché.",
                    ),
                    paragraph("Le premier rendez-vous sera annoncé ici."),
                ],
            },
            Text {
                title: "Comment proposer un thème ?",
                feature: Feature::Faq,
                blocks: vec![paragraph(
                    "Créez un document avec une phrase de contexte et une question précise, puis partagez-le avec les membres.",
                )],
            },
        ],
        Model::Project => vec![
            Text {
                title: "Note de cadrage",
                feature: Feature::Documents,
                blocks: vec![
                    heading("Pourquoi ce projet"),
                    paragraph("Le besoin, en trois phrases, et ce qui se passe si l’on ne fait rien."),
                    heading("Ce qui sera livré"),
                    items(["Premier résultat attendu", "Ce qui n’en fait pas partie"]),
                    heading("Qui fait quoi, pour quand"),
                    table([["Étape", "Pilote", "Échéance"], ["", "", ""]]),
                    heading("Risques"),
                    table([["Risque", "Ce que l’on fait"], ["", ""]]),
                ],
            },
            Text {
                title: "Compte rendu de réunion : modèle",
                feature: Feature::Documents,
                blocks: vec![
                    paragraph("Date, personnes présentes."),
                    heading("Décisions"),
                    items(["…"]),
                    heading("Actions"),
                    tasks(["Quoi, par qui, pour quand"]),
                ],
            },
            Text {
                title: "Glossaire du projet",
                feature: Feature::Wiki,
                blocks: vec![
                    paragraph("Les mots et les sigles que l’on emploie, pour que chacun s’y retrouve."),
                    table([["Mot", "Ce qu’il veut dire ici"], ["", ""]]),
                ],
            },
            Text {
                title: "Le projet est lancé",
                feature: Feature::Posts,
                blocks: vec![paragraph(
                    "L’équipe est en place. Les étapes sont dans la note de cadrage, les nouvelles paraîtront ici.",
                )],
            },
            Text {
                title: "À qui demander un accès ?",
                feature: Feature::Faq,
                blocks: vec![paragraph(
                    "Aux personnes qui animent la communauté : leurs noms figurent sur la page d’accueil.",
                )],
            },
        ],
        Model::Event => vec![
            Text {
                title: "Programme",
                feature: Feature::Documents,
                blocks: vec![
                    table([["Heure", "Séquence", "Qui"], ["9\u{a0}h", "Accueil", ""], ["9\u{a0}h\u{a0}30", "", ""]]),
                    heading("À confirmer"),
                    tasks(["Intervenants", "Salle et matériel"]),
                ],
            },
            Text {
                title: "Informations pratiques",
                feature: Feature::Wiki,
                blocks: vec![
                    heading("Venir"),
                    paragraph("Adresse, transports, stationnement."),
                    heading("Accessibilité"),
                    paragraph(
                        "Entrée de plain-pied, boucle magnétique, sous-titrage : dites ce qui est prévu et à qui s’adresser.",
                    ),
                    heading("Repas"),
                    paragraph("Ce qui est prévu, et comment signaler un régime particulier."),
                ],
            },
            Text {
                title: "Les inscriptions sont ouvertes",
                feature: Feature::Posts,
                blocks: vec![paragraph(
                    "Le programme se précise : il est dans les documents, et chacun peut le commenter.",
                )],
            },
            Text {
                title: "Puis-je venir avec un collègue ?",
                feature: Feature::Faq,
                blocks: vec![paragraph(
                    "Oui, dans la limite des places : écrivez aux personnes qui animent la communauté.",
                )],
            },
        ],
    }
}

#[cfg(test)]
mod tests {
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
    fn every_model_has_a_page_for_each_list() {
        for model in Model::ALL {
            let founding = founding(&wish(*model, Feature::ALL.to_vec())).unwrap();
            for feature in Feature::ALL {
                assert!(founding.pages.iter().any(|page| page.feature == *feature), "{model} {feature}");
            }
            assert_eq!(founding.pages[0].title, "Bienvenue");
            assert!(founding.pages.iter().all(|page| !page.seed.is_empty()));
            assert_eq!(founding.community.slug, "referents-mobilite-durable");
        }
    }

    #[test]
    fn the_welcome_stands_where_there_is_a_list() {
        let founding = founding(&wish(Model::Event, vec![Feature::Faq])).unwrap();
        assert!(founding.pages.iter().all(|page| page.feature == Feature::Faq));
    }

    #[test]
    fn spacing_is_french() {
        for model in Model::ALL {
            let words = format!(
                "{:?}{:?}",
                texts(*model).iter().map(|text| (text.title, &text.blocks)).collect::<Vec<_>>(),
                welcome(&wish(*model, Vec::new()))
            );
            for wrong in ["« ", " »", " !", " ?", " ;"] {
                assert!(!words.contains(wrong), "an ordinary space in {wrong:?}");
            }
        }
    }
}
