//! A bot that others wrote, on the stand-in.

use headlag_demo::telegram::{Chat, Standing, User};
use serde_json::json;

use super::judge::{judge, judge_requests};
use super::{Bot, TOKEN};

#[tokio::test(flavor = "multi_thread")]
async fn aiogram_can_read_every_answer() {
    let bot = Bot::start().await;
    let (telegram, ada) = (&bot.telegram, &bot.ada);
    let [group, old] = [(-5, "Operators"), (-6, "Old")].map(|(id, title)| Chat::group(id, title));
    let forum = Chat::forum(-1_000_000_000_007, "Nodes");
    let kicked = Chat::supergroup(-1_000_000_000_008, "Others");
    let grace = User::new(12, "Grace");
    for chat in [&group, &old, &forum, &kicked, &Chat::private(&grace)] {
        telegram.meet(chat);
    }
    telegram.set_standing(kicked.id, Standing::Kicked);
    telegram.set_standing(grace.id, Standing::Blocked);
    let [topic, closed, deleted] = ["A", "B", "C"].map(|name| telegram.open_topic(&forum, ada, name));
    telegram.close_topic(forum.id, Some(closed));
    telegram.delete_topic(forum.id, deleted);
    let supergroup = telegram.upgrade(&old, ada);
    telegram.say(ada, "/hour");
    telegram.say_in(&group, ada, "/hour");
    let stage = json!({
        "url": telegram.url(),
        "token": TOKEN,
        "private": ada.id,
        "group": group.id,
        "forum": forum.id,
        "topic": topic,
        "closed_topic": closed,
        "deleted_topic": deleted,
        "blocked": grace.id,
        "kicked": kicked.id,
        "upgraded": old.id,
        "supergroup": supergroup,
    });
    let press = async {
        let asked = |message: &&headlag_demo::telegram::Message| message.words() == "press me";
        let id = telegram.wait_for(|state| Some(state.answers(group.id).find(asked)?.message_id)).await;
        telegram.press_in(group.id, &grace, id, "alert chart").unwrap();
    };
    let client = ["client", &stage.to_string()];
    tokio::join!(judge(&client), press);
    judge_requests(telegram).await;
}
