package app

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// messageSchema is Discord's own description of a message that a bot posts, out
// of its published OpenAPI document.
var messageSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	path := filepath.Join("..", "..", "..", "bot", "discord", "testdata", "discord-openapi.json")
	return compiler.Compile(path + "#/components/schemas/MessageCreateRequest")
})

// validate checks a body against Discord's schema.
func validate(t *testing.T, body json.RawMessage) {
	t.Helper()
	schema, err := messageSchema()
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("Discord's schema refuses the body: %v\n%s", err, body)
	}
}
