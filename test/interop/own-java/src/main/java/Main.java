// Flagstream from Java: one answer, many at once, a stream of questions, and changes as they happen.

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import flagstream.v1.Evaluation.EvaluateBatchRequest;
import flagstream.v1.Evaluation.EvaluateRequest;
import flagstream.v1.Evaluation.EvaluateStreamRequest;
import flagstream.v1.Evaluation.EvaluateStreamResponse;
import flagstream.v1.Evaluation.EvaluationResult;
import flagstream.v1.Evaluation.Reason;
import flagstream.v1.Evaluation.StreamedEvaluation;
import flagstream.v1.Evaluation.WatchRequest;
import flagstream.v1.EvaluationServiceGrpc;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import java.util.List;
import java.util.TreeMap;

public class Main {
  static final String FLAG = "new-checkout";
  static final List<String> USERS = List.of("user-1", "user-2", "user-3");

  static Struct context(String user) {
    return Struct.newBuilder()
        .putFields("targetingKey", Value.newBuilder().setStringValue(user).build())
        .putFields("country", Value.newBuilder().setStringValue("NL").build())
        .build();
  }

  static void show(String call, String of, Value value, String variant, Reason reason) {
    System.out.printf("{\"call\":\"%s\",\"of\":\"%s\",\"value\":%s,\"variant\":\"%s\",\"reason\":\"%s\"}%n",
        call, of, value.getBoolValue(), variant, reason);
  }

  static void show(String call, String of, EvaluationResult it) {
    show(call, of, it.getValue(), it.getVariant(), it.getReason());
  }

  public static void main(String[] arguments) throws Exception {
    var server = arguments.length > 0 ? arguments[0] : "localhost:8013";
    var channel = Grpc.newChannelBuilder(server, InsecureChannelCredentials.create()).build();
    var flags = EvaluationServiceGrpc.newBlockingV2Stub(channel);

    var one = flags.evaluate(
        EvaluateRequest.newBuilder().setFlagKey(FLAG).setContext(context(USERS.get(0))).build());
    show("Evaluate", USERS.get(0), one.getValue(), one.getVariant(), one.getReason());

    var batch = EvaluateBatchRequest.newBuilder().addFlagKeys(FLAG);
    USERS.forEach(user -> batch.addContexts(context(user)));
    var many = flags.evaluateBatch(batch.build());
    for (int i = 0; i < USERS.size(); i++)
      show("EvaluateBatch", USERS.get(i), many.getResults(i).getResults(0));

    // Questions go out without waiting for answers, which come in any order: the id says whose each is.
    var stream = flags.evaluateStream();
    for (int i = 0; i < USERS.size(); i++)
      stream.write(EvaluateStreamRequest.newBuilder()
          .setId(i + 1)
          .setContext(context(USERS.get(i)))
          .addEvaluations(StreamedEvaluation.newBuilder().setFlagKey(FLAG))
          .build());
    stream.halfClose();
    var byId = new TreeMap<Long, EvaluateStreamResponse>();
    for (var answer = stream.read(); answer != null; answer = stream.read()) byId.put(answer.getId(), answer);
    byId.forEach((id, answer) -> show("EvaluateStream", id.toString(), answer.getResults(0)));

    // All answers for one user, then each that changes; heartbeats say that nothing did.
    var events = flags.watch(
        WatchRequest.newBuilder().addFlagKeys(FLAG).setContext(context(USERS.get(0))).build());
    for (var event = events.read(); event != null; event = events.read()) {
      if (event.hasInitial()) show("Watch", "initial", event.getInitial().getResults(0));
      if (!event.hasChanged()) continue;
      show("Watch", "changed", event.getChanged().getResults(0));
      events.cancel("seen", null);
      break;
    }
    channel.shutdownNow();
  }
}
