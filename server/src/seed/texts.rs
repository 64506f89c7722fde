//! The texts of the demonstration, as blocks. French spacing is in the words: U+202F before ; : ! ? and inside
//! « », U+00A0 in hours and dates.

use crdt_store::{
    UserId,
    doc::{Block, Span, Task},
};

use crate::account::demo::{AWA, BRUNO, INES, LUCIE};

/// A document of the demonstration.
pub(super) struct Text {
    pub title: &'static str,
    /// Its place among the communities.
    pub community: usize,
    pub author: UserId,
    pub blocks: Vec<Block>,
}

/// The last one is the first in the lists: the richest.
pub(super) fn all() -> Vec<Text> {
    vec![archives(), observatory(), heating_plan(), welcome(), agenda(), project_guide(), minutes()]
}

fn heading(level: u8, text: &str) -> Block {
    Block::Heading { level, text: vec![Span::plain(text)] }
}

fn paragraph(text: &str) -> Block {
    Block::Paragraph(vec![Span::plain(text)])
}

fn spans<const N: usize>(spans: [Span; N]) -> Block {
    Block::Paragraph(spans.into())
}

fn items<const N: usize>(texts: [&str; N]) -> Vec<Vec<Block>> {
    texts.iter().map(|text| vec![paragraph(text)]).collect()
}

fn task(checked: bool, text: &str) -> Task {
    Task { checked, content: vec![paragraph(text)] }
}

fn table<const C: usize, const R: usize>(rows: [[&str; C]; R]) -> Block {
    let cell = |text: &str| vec![Span::plain(text)];
    Block::Table(rows.iter().map(|row| row.iter().map(|text| cell(text)).collect()).collect())
}

fn minutes() -> Text {
    Text {
        title: "Comité du 17 novembre : compte rendu",
        community: 0,
        author: BRUNO,
        blocks: vec![
            spans([
                Span::bold("Présents :"),
                Span::plain(
                    " Awa Diallo, Bruno Lefèvre, Inès Garnier, Karim Ould-Ali. Excusé : Jean-Michel Castaing-Dubreuil.",
                ),
            ]),
            Block::Quote(vec![paragraph(
                "Ce compte rendu sera envoyé aux membres une fois relu, au plus tard vendredi.",
            )]),
            heading(2, "Ce que nous avons décidé"),
            spans([
                Span::plain(
                    "Le guide de conduite de projet est généralisé à toutes les régions au premier trimestre 2027. ",
                ),
                Span::bold("La version définitive est publiée le 8 décembre"),
                Span::plain(
                    ", après une dernière relecture par les référents de chaque service ; les modèles de documents l’accompagnent dès le premier jour.",
                ),
            ]),
            paragraph(
                "Un atelier mensuel « premiers pas » est ouvert aux nouveaux arrivants, quel que soit leur service. Il dure une heure, sans prérequis.",
            ),
            heading(2, "Calendrier"),
            table([
                ["Étape", "Pilote", "Échéance"],
                ["Relecture par les référents", "Inès Garnier", "3 décembre"],
                ["Publication du guide et des modèles", "Bruno Lefèvre", "8 décembre"],
                ["Premier atelier « premiers pas »", "Awa Diallo", "14 janvier"],
            ]),
            heading(2, "Ce qui reste à faire"),
            Block::TaskList(vec![
                task(true, "Réserver l’auditorium pour le 1er décembre"),
                task(false, "Demander le relevé des marchés en cours à la mission achats"),
                task(false, "Prévenir les correspondants régionaux avant la fin de semaine"),
            ]),
            heading(2, "Points ouverts"),
            spans([
                Span::plain("Le financement de la traduction en langue des signes n’est pas assuré au-delà de juin. "),
                Span::italic("À reprendre au comité de janvier"),
                Span::plain(", avec le chiffrage de la direction des affaires budgétaires."),
            ]),
        ],
    }
}

fn project_guide() -> Text {
    Text {
        title: "Guide de conduite de projet, version de travail",
        community: 0,
        author: AWA,
        blocks: vec![
            paragraph(
                "Ce guide est écrit à plusieurs et relu chaque trimestre. Il s’adresse à toute personne qui conduit un projet numérique dans un ministère, une préfecture ou un opérateur.",
            ),
            heading(2, "1. Partir du besoin"),
            paragraph(
                "Avant de parler d’outil, décrire qui fait quoi aujourd’hui, ce qui coince, et ce que l’on verra changer si le projet réussit.",
            ),
            Block::BulletList(items([
                "Rencontrer au moins cinq personnes qui feront le travail, chez elles.",
                "Écrire une page, pas dix : problème, public, mesure du succès.",
                "Faire relire cette page par quelqu’un qui n’est pas du projet.",
            ])),
            heading(2, "2. Choisir le premier pas"),
            paragraph(
                "Le premier pas est assez petit pour être montré en six semaines, assez utile pour que quelqu’un s’en serve.",
            ),
            Block::OrderedList(items([
                "Lister les hypothèses, de la plus risquée à la moins risquée.",
                "Prendre la première, et chercher comment la vérifier sans rien construire.",
                "Construire seulement ce qui manque pour la vérifier.",
            ])),
            heading(2, "3. Acheter"),
            paragraph(
                "Un cahier des charges que l’on a envie de lire tient en six pages. Il dit ce qui est attendu, et laisse ouvert ce qui gagne à l’être.",
            ),
            Block::Quote(vec![paragraph(
                "« Le chapitre sur les marchés gagnerait à citer le cahier des clauses simplifié. »",
            )]),
            heading(2, "4. Tenir dans la durée"),
            paragraph(
                "Un service en ligne n’est jamais fini. Prévoir dès le départ qui répond aux usagers, qui corrige, et avec quel budget.",
            ),
        ],
    }
}

fn agenda() -> Text {
    Text {
        title: "Comité du 1er décembre : ordre du jour et salle",
        community: 0,
        author: INES,
        blocks: vec![
            spans([
                Span::bold("Quand et où :"),
                Span::plain(" mardi 1er décembre, 10 h – 12 h 30, auditorium de la préfecture, Nîmes."),
            ]),
            heading(2, "Ordre du jour"),
            Block::OrderedList(items([
                "Guide de conduite de projet : dernière relecture",
                "Atelier « premiers pas » : qui anime la première séance ?",
                "Recruter un développeur contractuel : retours d’expérience",
                "Questions diverses",
            ])),
            heading(2, "À préparer"),
            Block::TaskList(vec![
                task(true, "L’auditorium est libre de 9 h à 13 h, réservé à titre provisoire"),
                task(false, "Confirmer la salle avant midi"),
                task(false, "Envoyer le lien de visioconférence aux services éloignés"),
            ]),
        ],
    }
}

fn welcome() -> Text {
    Text {
        title: "Présentation du réseau",
        community: 0,
        author: AWA,
        blocks: vec![
            paragraph(
                "Bienvenue. Ce réseau rassemble celles et ceux qui conduisent des projets numériques dans les ministères, les préfectures et les opérateurs. On y vient avec une question, on en repart avec trois exemples.",
            ),
            heading(2, "Pour commencer"),
            Block::BulletList(items([
                "Lisez le guide de conduite de projet, écrit à plusieurs et relu chaque trimestre.",
                "Présentez-vous en deux lignes au prochain comité.",
                "Inscrivez-vous au comité mensuel, chaque premier mardi à 10 h.",
            ])),
        ],
    }
}

fn heating_plan() -> Text {
    Text {
        title: "Plan de chauffe 2026-2027",
        community: 1,
        author: INES,
        blocks: vec![
            paragraph(
                "Consigne commune : 19 °C dans les bureaux occupés, 16 °C la nuit, 8 °C quand le bâtiment est fermé plus de deux jours.",
            ),
            heading(2, "Dates de mise en route"),
            table([
                ["Bâtiment", "Mise en route", "Relevé d’octobre"],
                ["Rectorat de Lyon", "20 octobre", "41 MWh"],
                ["Préfecture du Gard", "3 novembre", "18 MWh"],
                ["DREAL Occitanie", "27 octobre", "23 MWh"],
            ]),
            heading(2, "À vérifier chaque lundi"),
            Block::TaskList(vec![
                task(false, "Température relevée dans trois bureaux témoins"),
                task(false, "Horaires de la régulation après les jours fériés"),
            ]),
        ],
    }
}

fn observatory() -> Text {
    Text {
        title: "Note de cadrage : observatoire des consommations",
        community: 1,
        author: AWA,
        blocks: vec![
            heading(2, "Pourquoi"),
            paragraph(
                "Chaque service suit ses consommations dans son propre tableau. L’observatoire les met côte à côte, avec les mêmes unités et les mêmes dates.",
            ),
            heading(2, "Ce qui est dans le périmètre"),
            Block::BulletList(items([
                "Électricité, gaz et réseau de chaleur, par bâtiment et par mois.",
                "Surface chauffée et nombre de postes, pour comparer ce qui est comparable.",
            ])),
            heading(2, "Ce qui n’y est pas"),
            paragraph("Les logements de fonction, et tout ce qui permettrait de suivre une personne."),
        ],
    }
}

fn archives() -> Text {
    Text {
        title: "Versement numérique : notes de la première séance",
        community: 2,
        author: LUCIE,
        blocks: vec![
            paragraph("Séance du 18 novembre. Trois services pilotes, un format d’échange, une règle de nommage."),
            Block::OrderedList(items([
                "Choisir les séries à verser en premier.",
                "Vérifier les empreintes à l’arrivée.",
                "Rendre compte au service versant sous huit jours.",
            ])),
        ],
    }
}
