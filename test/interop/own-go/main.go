// Command own-go asks Flagstream from Go: one answer, many at once, a stream of questions, and changes
// as they happen.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"
	"slices"
	"strconv"

	flagstream "flagstream.test/own-go/gen/flagstream/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"
)

const flag = "new-checkout"

var users = []string{"user-1", "user-2", "user-3"}

func attributes(user string) *structpb.Struct {
	return &structpb.Struct{Fields: map[string]*structpb.Value{
		"targetingKey": structpb.NewStringValue(user),
		"country":      structpb.NewStringValue("NL"),
	}}
}

// answer is what one answer and one of many results have in common.
type answer interface {
	GetValue() *structpb.Value
	GetVariant() string
	GetReason() flagstream.Reason
}

func show(call, of string, it answer) {
	must(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"call": call, "of": of,
		"value": it.GetValue().AsInterface(), "variant": it.GetVariant(), "reason": it.GetReason().String(),
	}))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	server := "localhost:8013"
	if len(os.Args) > 1 {
		server = os.Args[1]
	}
	ctx := context.Background()
	connection, err := grpc.NewClient(server, grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(err)
	defer connection.Close()
	flags := flagstream.NewEvaluationServiceClient(connection)

	one, err := flags.Evaluate(ctx, &flagstream.EvaluateRequest{FlagKey: flag, Context: attributes(users[0])})
	must(err)
	show("Evaluate", users[0], one)

	batch := &flagstream.EvaluateBatchRequest{FlagKeys: []string{flag}}
	for _, user := range users {
		batch.Contexts = append(batch.Contexts, attributes(user))
	}
	many, err := flags.EvaluateBatch(ctx, batch)
	must(err)
	for i, user := range users {
		show("EvaluateBatch", user, many.Results[i].Results[0])
	}

	// Questions go out without waiting for answers, which come in any order: the id says whose each is.
	stream, err := flags.EvaluateStream(ctx)
	must(err)
	for i, user := range users {
		must(stream.Send(&flagstream.EvaluateStreamRequest{
			Id: uint64(i + 1), Context: attributes(user),
			Evaluations: []*flagstream.StreamedEvaluation{{FlagKey: flag}},
		}))
	}
	must(stream.CloseSend())
	var answers []*flagstream.EvaluateStreamResponse
	for {
		next, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		must(err)
		answers = append(answers, next)
	}
	slices.SortFunc(answers, func(a, b *flagstream.EvaluateStreamResponse) int { return int(a.Id) - int(b.Id) })
	for _, next := range answers {
		show("EvaluateStream", strconv.FormatUint(next.Id, 10), next.Results[0])
	}

	// All answers for one user, then each that changes; heartbeats say that nothing did.
	events, err := flags.Watch(ctx, &flagstream.WatchRequest{FlagKeys: []string{flag}, Context: attributes(users[0])})
	must(err)
	for {
		message, err := events.Recv()
		must(err)
		if now := message.GetInitial(); now != nil {
			show("Watch", "initial", now.Results[0])
		}
		if now := message.GetChanged(); now != nil {
			show("Watch", "changed", now.Results[0])
			return
		}
	}
}
