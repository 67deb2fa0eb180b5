// Command ofrep-go is OpenFeature's Go provider for OFREP, as published. Questions come as JSON lines; answers go out
// as such: it tells no events. Where it asks stands in OFREP_ENDPOINT. It stops at the end of its input.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/open-feature/go-sdk-contrib/providers/ofrep"
	"github.com/open-feature/go-sdk/openfeature"
)

type question struct {
	ID      int            `json:"id"`
	Type    string         `json:"type"`
	Flag    string         `json:"flag"`
	Default any            `json:"default"`
	Context map[string]any `json:"context"`
}

var lines = json.NewEncoder(os.Stdout)

func show(line map[string]any) {
	must(lines.Encode(line))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func answer(asked question, value any, details openfeature.EvaluationDetails) map[string]any {
	return map[string]any{
		"id": asked.ID, "value": value, "variant": details.Variant, "reason": details.Reason,
		"errorCode": details.ErrorCode, "metadata": details.FlagMetadata,
	}
}

// ask leaves errors to the details, where their codes are.
func ask(client *openfeature.Client, asked question) map[string]any {
	key, _ := asked.Context["targetingKey"].(string)
	delete(asked.Context, "targetingKey")
	attributes := openfeature.NewEvaluationContext(key, asked.Context)
	ctx := context.Background()
	switch asked.Type {
	case "boolean":
		it, _ := client.BooleanValueDetails(ctx, asked.Flag, asked.Default.(bool), attributes)
		return answer(asked, it.Value, it.EvaluationDetails)
	case "string":
		it, _ := client.StringValueDetails(ctx, asked.Flag, asked.Default.(string), attributes)
		return answer(asked, it.Value, it.EvaluationDetails)
	case "integer":
		it, _ := client.IntValueDetails(ctx, asked.Flag, int64(asked.Default.(float64)), attributes)
		return answer(asked, it.Value, it.EvaluationDetails)
	case "number":
		it, _ := client.FloatValueDetails(ctx, asked.Flag, asked.Default.(float64), attributes)
		return answer(asked, it.Value, it.EvaluationDetails)
	default:
		it, _ := client.ObjectValueDetails(ctx, asked.Flag, asked.Default, attributes)
		return answer(asked, it.Value, it.EvaluationDetails)
	}
}

func main() {
	client := openfeature.NewClient("")
	must(openfeature.SetProviderAndWait(ofrep.NewProvider(os.Getenv("OFREP_ENDPOINT"))))
	show(map[string]any{"started": true})
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		var asked question
		must(json.Unmarshal(input.Bytes(), &asked))
		show(ask(client, asked))
	}
	must(input.Err())
	openfeature.Shutdown()
	show(map[string]any{"stopped": true})
}
