//! Flagstream from Rust: one answer, many at once, a stream of questions, and changes as they happen.

use prost_types::{value::Kind, Struct, Value};
use std::{collections::BTreeMap, env, error::Error};
use tokio_stream::iter;
use watch_response::Event;

tonic::include_proto!("flagstream.v1");

const FLAG: &str = "new-checkout";
const USERS: [&str; 3] = ["user-1", "user-2", "user-3"];

fn context(user: &str) -> Option<Struct> {
    let text = |value: &str| Value { kind: Some(Kind::StringValue(value.into())) };
    let attributes = [("targetingKey", user), ("country", "NL")];
    Some(Struct { fields: attributes.map(|(key, value)| (key.into(), text(value))).into() })
}

fn show(call: &str, of: &str, value: Option<&Value>, variant: &str, reason: Reason) {
    let value = matches!(value.and_then(|it| it.kind.as_ref()), Some(Kind::BoolValue(true)));
    let reason = reason.as_str_name();
    println!("{}", serde_json::json!({ "call": call, "of": of, "value": value, "variant": variant, "reason": reason }));
}

fn show_result(call: &str, of: &str, result: &EvaluationResult) {
    show(call, of, result.value.as_ref(), &result.variant, result.reason());
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = format!("http://{}", env::args().nth(1).unwrap_or("localhost:8013".into()));
    let mut flags = evaluation_service_client::EvaluationServiceClient::connect(server).await?;

    let question = EvaluateRequest { flag_key: FLAG.into(), context: context(USERS[0]), ..Default::default() };
    let answer = flags.evaluate(question).await?.into_inner();
    show("Evaluate", USERS[0], answer.value.as_ref(), &answer.variant, answer.reason());

    let contexts = USERS.iter().filter_map(|user| context(user)).collect();
    let batch = EvaluateBatchRequest { flag_keys: vec![FLAG.into()], contexts, ..Default::default() };
    let answer = flags.evaluate_batch(batch).await?.into_inner();
    for (user, of_user) in USERS.iter().zip(&answer.results) {
        show_result("EvaluateBatch", user, &of_user.results[0]);
    }

    // Questions go out without waiting for answers, which come in any order: the id says whose each is.
    let questions = USERS.iter().zip(1..).map(|(user, id)| EvaluateStreamRequest {
        id,
        evaluations: vec![StreamedEvaluation { flag_key: FLAG.into(), ..Default::default() }],
        context: context(user),
        ..Default::default()
    });
    let mut answers = flags.evaluate_stream(iter(questions.collect::<Vec<_>>())).await?.into_inner();
    let mut by_id = BTreeMap::new();
    while let Some(answer) = answers.message().await? {
        by_id.insert(answer.id, answer);
    }
    for (id, answer) in &by_id {
        show_result("EvaluateStream", &id.to_string(), &answer.results[0]);
    }

    // All answers for one user, then each that changes; heartbeats say that nothing did.
    let question = WatchRequest { flag_keys: vec![FLAG.into()], context: context(USERS[0]), ..Default::default() };
    let mut events = flags.watch(question).await?.into_inner();
    while let Some(message) = events.message().await? {
        match message.event {
            Some(Event::Initial(now)) => show_result("Watch", "initial", &now.results[0]),
            Some(Event::Changed(now)) => {
                show_result("Watch", "changed", &now.results[0]);
                break;
            }
            _ => {}
        }
    }
    Ok(())
}
