// Command flagd-go answers evaluations with flagd's own evaluator, so that another engine can be
// compared with it.
//
// It reads one JSON object a line, {"id", "document", "flagKey", "context", "type"}, and writes one
// for each, in order: {"id", "unixSeconds"} with either "rejected", which is flagd's reason against
// the document, or the outcome {"reason", "metadata"} with "variant" and "value" or with
// "errorCode". The document is text, taken as it stands. The type is boolean, string, number, object
// or any.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/open-feature/flagd/core/pkg/evaluator"
	"github.com/open-feature/flagd/core/pkg/logger"
	"github.com/open-feature/flagd/core/pkg/model"
	"github.com/open-feature/flagd/core/pkg/store"
	"github.com/open-feature/flagd/core/pkg/sync"
	"go.uber.org/zap"
)

const (
	source       = "stdin"
	requestID    = ""
	maxLineBytes = 64 << 20
)

type evaluation struct {
	ID       json.RawMessage `json:"id"`
	Document string          `json:"document"`
	FlagKey  string          `json:"flagKey"`
	Context  map[string]any  `json:"context"`
	Type     string          `json:"type"`
}

type outcome struct {
	ID json.RawMessage `json:"id"`
	// UnixSeconds is the time that the flag could see.
	UnixSeconds int64           `json:"unixSeconds"`
	Rejected    string          `json:"rejected,omitempty"`
	Value       json.RawMessage `json:"value,omitempty"`
	Variant     *string         `json:"variant,omitempty"`
	Reason      string          `json:"reason,omitempty"`
	ErrorCode   string          `json:"errorCode,omitempty"`
	Metadata    model.Metadata  `json:"metadata,omitempty"`
}

func main() {
	if err := answerAll(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answerAll(in io.Reader, out io.Writer) error {
	silent := logger.NewLogger(zap.NewNop(), false)
	flags, err := store.NewStore(silent, []string{source})
	if err != nil {
		return err
	}
	flagd := evaluator.NewJSON(silent, flags)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLineBytes)
	answers := bufio.NewWriter(out)
	encoder := json.NewEncoder(answers)
	for lines.Scan() {
		var asked evaluation
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return fmt.Errorf("no evaluation: %s: %w", lines.Bytes(), err)
		}
		answer, err := answerWithinOneSecond(flagd, asked)
		if err != nil {
			return fmt.Errorf("evaluation %s: %w", asked.ID, err)
		}
		if err := encoder.Encode(answer); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return answers.Flush()
}

// answerWithinOneSecond asks again when the clock turned meanwhile: the time told is the time seen.
func answerWithinOneSecond(flagd *evaluator.JSON, asked evaluation) (outcome, error) {
	for {
		before := time.Now().Unix()
		answer, err := answerOne(flagd, asked)
		if err != nil || time.Now().Unix() == before {
			answer.ID, answer.UnixSeconds = asked.ID, before
			return answer, err
		}
	}
}

func answerOne(flagd *evaluator.JSON, asked evaluation) (outcome, error) {
	if err := flagd.SetState(sync.DataSync{FlagData: asked.Document, Source: source}); err != nil {
		return outcome{Rejected: err.Error()}, nil
	}
	ctx := context.Background()
	switch asked.Type {
	case "boolean":
		return told(flagd.ResolveBooleanValue(ctx, requestID, asked.FlagKey, asked.Context))
	case "string":
		return told(flagd.ResolveStringValue(ctx, requestID, asked.FlagKey, asked.Context))
	case "number":
		return told(flagd.ResolveFloatValue(ctx, requestID, asked.FlagKey, asked.Context))
	case "object":
		return told(flagd.ResolveObjectValue(ctx, requestID, asked.FlagKey, asked.Context))
	case "any":
		answer := flagd.ResolveAsAnyValue(ctx, requestID, asked.FlagKey, asked.Context)
		return told(answer.Value, answer.Variant, answer.Reason, answer.Metadata, answer.Error)
	default:
		return outcome{}, fmt.Errorf("no type %q", asked.Type)
	}
}

// told gives an answer as flagd's evaluation service v2 and its OFREP service do: without value and
// variant where the caller's default counts.
func told[Value any](
	value Value, variant, reason string, metadata model.Metadata, failure error,
) (outcome, error) {
	answer := outcome{Metadata: metadata}
	switch {
	case failure != nil:
		answer.Reason, answer.ErrorCode = model.ErrorReason, failure.Error()
	case reason == model.FallbackReason:
		answer.Reason = model.DefaultReason
	case reason == model.DisabledReason:
		answer.Reason = model.DisabledReason
	default:
		text, err := json.Marshal(value)
		answer.Value, answer.Variant, answer.Reason = text, &variant, reason
		return answer, err
	}
	return answer, nil
}
