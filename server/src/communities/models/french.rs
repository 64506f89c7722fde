//! The first pages in French. U+202F stands before ; : ! ? and inside « ».

use crdt_store::{
    communities::{Feature, Model},
    doc::{Block, Span},
    requests::Wish,
};

use super::{Text, heading, items, paragraph, table, tasks};

pub(super) fn welcome(wish: &Wish) -> Vec<Block> {
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

pub(super) fn texts(model: Model) -> Vec<Text> {
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
