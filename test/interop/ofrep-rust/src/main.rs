//! OpenFeature's Rust provider for OFREP, as published. Questions come as JSON lines; answers go out as such: it tells no
//! events. Where it asks stands in OFREP_ENDPOINT. It stops at the end of its input.

use open_feature::{
    Client, EvaluationContext, EvaluationDetails, EvaluationReason, EvaluationResult, OpenFeature, StructValue, Value,
};
use open_feature_ofrep::{OfrepOptions, OfrepProvider};
use serde_json::{json, Map, Value as Json};
use std::{env, error::Error, io::stdin};

struct Members(StructValue);

impl TryFrom<StructValue> for Members {
    type Error = std::convert::Infallible;

    fn try_from(value: StructValue) -> Result<Self, Self::Error> {
        Ok(Self(value))
    }
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Bool(it) => json!(it),
        Value::Int(it) => json!(it),
        Value::Float(it) => json!(it),
        Value::String(it) => json!(it),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Struct(it) => members(it),
    }
}

fn members(value: &StructValue) -> Json {
    value.fields.iter().map(|(key, it)| (key.clone(), plain(it))).collect::<Map<_, _>>().into()
}

fn answer<T>(question: &Json, details: EvaluationResult<EvaluationDetails<T>>, shown: impl Fn(&T) -> Json) -> Json {
    let id = &question["id"];
    match details {
        Ok(it) => {
            let reason = match &it.reason {
                Some(EvaluationReason::Static) => json!("STATIC"),
                other => json!(format!("{other:?}")),
            };
            json!({ "id": id, "value": shown(&it.value), "variant": it.variant, "reason": reason })
        }
        // This SDK leaves the default to its caller.
        Err(error) => json!({ "id": id, "value": question["default"], "reason": "ERROR", "errorCode": error.code.to_string() }),
    }
}

async fn ask(client: &Client, question: &Json) -> Json {
    let mut context = EvaluationContext::default();
    for (key, value) in question["context"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        context = match key.as_str() {
            "targetingKey" => context.with_targeting_key(value),
            _ => context.with_custom_field(key, value),
        };
    }
    let (flag, context) = (question["flag"].as_str().unwrap_or_default(), Some(&context));
    match question["type"].as_str() {
        Some("boolean") => answer(question, client.get_bool_details(flag, context, None).await, |it| json!(it)),
        Some("string") => answer(question, client.get_string_details(flag, context, None).await, |it| json!(it)),
        Some("integer") => answer(question, client.get_int_details(flag, context, None).await, |it| json!(it)),
        Some("number") => answer(question, client.get_float_details(flag, context, None).await, |it| json!(it)),
        _ => answer(question, client.get_struct_details::<Members>(flag, context, None).await, |it| members(&it.0)),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = OfrepOptions { base_url: env::var("OFREP_ENDPOINT")?, ..Default::default() };
    let provider = OfrepProvider::new(options).await?;
    let mut api = OpenFeature::singleton_mut().await;
    api.set_provider(provider).await;
    let client = api.create_client();
    println!("{}", json!({ "started": true }));
    for line in stdin().lines() {
        println!("{}", ask(&client, &serde_json::from_str(&line?)?).await);
    }
    api.shutdown().await;
    println!("{}", json!({ "stopped": true }));
    Ok(())
}
