// OpenFeature's Java provider for OFREP, as published. Questions come as JSON lines; answers go out as such: it tells no
// events. Where it asks stands in OFREP_ENDPOINT. It stops at the end of its input.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.openfeature.contrib.providers.ofrep.OfrepProvider;
import dev.openfeature.contrib.providers.ofrep.OfrepProviderOptions;
import dev.openfeature.sdk.Client;
import dev.openfeature.sdk.FlagEvaluationDetails;
import dev.openfeature.sdk.ImmutableStructure;
import dev.openfeature.sdk.MutableContext;
import dev.openfeature.sdk.OpenFeatureAPI;
import dev.openfeature.sdk.Value;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.HashMap;
import java.util.Map;

public class Main {
  static final ObjectMapper JSON = new ObjectMapper();

  static void print(Map<String, ?> line) throws IOException {
    System.out.println(JSON.writeValueAsString(line));
  }

  static Value toValue(JsonNode node) {
    if (node.isBoolean()) return new Value(node.asBoolean());
    if (node.isInt()) return new Value(node.asInt());
    if (node.isNumber()) return new Value(node.asDouble());
    if (node.isObject()) {
      var members = new HashMap<String, Value>();
      node.fields().forEachRemaining(member -> members.put(member.getKey(), toValue(member.getValue())));
      return new Value(new ImmutableStructure(members));
    }
    return new Value(node.asText());
  }

  static Object toPlain(Object value) {
    if (!(value instanceof Value it)) return value;
    if (it.isStructure()) return it.asStructure().asObjectMap();
    return it.asObject();
  }

  static FlagEvaluationDetails<?> ask(Client client, JsonNode question) {
    var context = new MutableContext();
    question.get("context").fields().forEachRemaining(member -> {
      if (member.getKey().equals("targetingKey")) context.setTargetingKey(member.getValue().asText());
      else context.add(member.getKey(), member.getValue().asText());
    });
    var flag = question.get("flag").asText();
    var fallback = question.get("default");
    return switch (question.get("type").asText()) {
      case "boolean" -> client.getBooleanDetails(flag, fallback.asBoolean(), context);
      case "string" -> client.getStringDetails(flag, fallback.asText(), context);
      case "integer" -> client.getIntegerDetails(flag, fallback.asInt(), context);
      case "number" -> client.getDoubleDetails(flag, fallback.asDouble(), context);
      default -> client.getObjectDetails(flag, toValue(fallback), context);
    };
  }

  public static void main(String[] arguments) throws Exception {
    var api = OpenFeatureAPI.getInstance();
    var client = api.getClient();
    var options = OfrepProviderOptions.builder().baseUrl(System.getenv("OFREP_ENDPOINT")).build();
    api.setProviderAndWait(OfrepProvider.constructProvider(options));
    print(Map.of("started", true));

    var input = new BufferedReader(new InputStreamReader(System.in));
    for (var line = input.readLine(); line != null; line = input.readLine()) {
      var question = JSON.readTree(line);
      var details = ask(client, question);
      var answer = new HashMap<String, Object>();
      answer.put("id", question.get("id").asInt());
      answer.put("value", toPlain(details.getValue()));
      answer.put("variant", details.getVariant());
      answer.put("reason", details.getReason());
      answer.put("errorCode", details.getErrorCode());
      if (details.getFlagMetadata() != null) answer.put("metadata", details.getFlagMetadata().asUnmodifiableMap());
      print(answer);
    }
    api.shutdown();
    print(Map.of("stopped", true));
    // A thread of the SDK would live on for a minute.
    System.exit(0);
  }
}
