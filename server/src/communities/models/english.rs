//! The first pages in English.

use crdt_store::{
    communities::{Feature, Model},
    doc::{Block, Span},
    requests::Wish,
};

use super::{Text, heading, items, paragraph, table, tasks};

pub(super) fn welcome(wish: &Wish) -> Vec<Block> {
    let mut blocks =
        vec![Block::Paragraph(vec![Span::plain("Welcome to “"), Span::bold(wish.name.as_str()), Span::plain("”.")])];
    blocks.extend(wish.purpose.lines().filter(|line| !line.trim().is_empty()).map(paragraph));
    blocks.push(heading("To begin with"));
    blocks.push(match wish.model {
        Model::Network => tasks([
            "Introduce yourself in two lines: your service, what you are looking for, what you can bring.",
            "Suggest a first subject to talk about.",
            "Choose the day and time of the regular meeting together.",
        ]),
        Model::Project => tasks([
            "Read the project brief and add what is missing.",
            "Write down who does what, and by when.",
            "Put the documents of reference here.",
        ]),
        Model::Event => tasks([
            "Complete the programme and its times.",
            "Note the practical information: place, directions, meals, accessibility.",
            "Share out the welcome, the facilitation and the minutes.",
        ]),
    });
    blocks.push(paragraph(
        "This page is written together: correct it and add to it, and others see what is typed at once.",
    ));
    blocks
}

pub(super) fn texts(model: Model) -> Vec<Text> {
    match model {
        Model::Network => vec![
            Text {
                title: "Minutes: template",
                feature: Feature::Documents,
                blocks: vec![
                    paragraph("Date, place, who was there."),
                    heading("What was said"),
                    items(["First point", "Second point"]),
                    heading("What is decided"),
                    table([["What", "Who", "By when"], ["", "", ""]]),
                ],
            },
            Text {
                title: "Who does what in the network",
                feature: Feature::Wiki,
                blocks: vec![
                    paragraph("Everybody adds a line: it saves looking for the right person."),
                    table([["Name", "Service", "I can help with"], ["", "", ""]]),
                ],
            },
            Text {
                title: "The network is open",
                feature: Feature::Posts,
                blocks: vec![
                    paragraph(
                        "The network now has its own place, to ask a question, and to tell what worked and what did not.",
                    ),
                    paragraph("The first meeting will be announced here."),
                ],
            },
            Text {
                title: "How do I suggest a subject?",
                feature: Feature::Faq,
                blocks: vec![paragraph(
                    "Make a document with a sentence of context and a precise question, then share it with the members.",
                )],
            },
        ],
        Model::Project => vec![
            Text {
                title: "Project brief",
                feature: Feature::Documents,
                blocks: vec![
                    heading("Why this project"),
                    paragraph("What is needed, in three sentences, and what happens if nothing is done."),
                    heading("What will be delivered"),
                    items(["First expected result", "What is not part of it"]),
                    heading("Who does what, by when"),
                    table([["Step", "Lead", "Due"], ["", "", ""]]),
                    heading("Risks"),
                    table([["Risk", "What we do about it"], ["", ""]]),
                ],
            },
            Text {
                title: "Meeting minutes: template",
                feature: Feature::Documents,
                blocks: vec![
                    paragraph("Date, who was there."),
                    heading("Decisions"),
                    items(["…"]),
                    heading("Actions"),
                    tasks(["What, by whom, by when"]),
                ],
            },
            Text {
                title: "Project glossary",
                feature: Feature::Wiki,
                blocks: vec![
                    paragraph("The words and acronyms in use, so that everybody can follow."),
                    table([["Word", "What it means here"], ["", ""]]),
                ],
            },
            Text {
                title: "The project has started",
                feature: Feature::Posts,
                blocks: vec![paragraph(
                    "The team is in place. The steps are in the project brief, and news will appear here.",
                )],
            },
            Text {
                title: "Whom do I ask for access?",
                feature: Feature::Faq,
                blocks: vec![paragraph("The people who lead the community: their names are on its front page.")],
            },
        ],
        Model::Event => vec![
            Text {
                title: "Programme",
                feature: Feature::Documents,
                blocks: vec![
                    table([["Time", "Session", "Who"], ["9:00", "Welcome", ""], ["9:30", "", ""]]),
                    heading("To be confirmed"),
                    tasks(["Speakers", "Room and equipment"]),
                ],
            },
            Text {
                title: "Practical information",
                feature: Feature::Wiki,
                blocks: vec![
                    heading("Getting there"),
                    paragraph("Address, transport, parking."),
                    heading("Accessibility"),
                    paragraph("Step-free entrance, hearing loop, captions: say what is there and whom to ask."),
                    heading("Meals"),
                    paragraph("What is planned, and how to mention a particular diet."),
                ],
            },
            Text {
                title: "Registration is open",
                feature: Feature::Posts,
                blocks: vec![paragraph(
                    "The programme is taking shape: it is among the documents, and everybody may comment on it.",
                )],
            },
            Text {
                title: "May I bring a colleague?",
                feature: Feature::Faq,
                blocks: vec![paragraph(
                    "Yes, as long as there are places: write to the people who lead the community.",
                )],
            },
        ],
    }
}
