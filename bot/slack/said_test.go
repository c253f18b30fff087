package slack

import (
	"encoding/json"
	"strings"
	"testing"

	"sparkbot/bot/wire"
)

func TestAnswersAreReadAsTheyStand(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		ok         bool
		ts         string
		readable   bool
	}{
		{"as Slack posts", `{"ok":true,"channel":"C1","ts":"1800000000.000100","message":{"ts":"2","text":"a \"ts\":\"3\", } ] \\","blocks":[{"ok":false}]}}`, true, "1800000000.000100", true},
		{"in another order", "{ \"message\" : { \"ts\" : \"2\" } ,\n\t\"ts\":\"1.1\" , \"ok\" : true }\r\n", true, "1.1", true},
		{"without a timestamp", `{"ok":true}`, true, "", true},
		{"with an odd timestamp", `{"ok":true,"ts":"1\u002e1"}`, true, "1.1", true},
		{"with a timestamp that is none", `{"ok":true,"ts":7}`, true, "", false},
		{"a refusal", `{"ok":false,"error":"is_archived"}`, false, "", true},
		{"nothing of ours", `{}`, false, "", true},
		{"a list", `[{"ok":true}]`, false, "", false},
		{"a page", `<html>{"ok":true}</html>`, false, "", false},
		{"cut off", `{"ok":true,"ts":"1.1"`, false, "", false},
		{"cut off in a text", `{"ok":true,"ts":"1.1`, false, "", false},
		{"cut off in an object", `{"ok":true,"message":{"ts":"1.1"`, false, "", false},
		{"cut off before a value", `{"ok":true,"ts":`, false, "", false},
		{"more than one", `{"ok":true}{"ok":true}`, false, "", false},
		{"nothing", ``, false, "", false},
		{"white space", ` `, false, "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := heard(wire.NewAnswer(200, tc.text))
			if a.readable != tc.readable || tc.readable && (a.said.OK != tc.ok || a.said.TS != tc.ts) {
				t.Errorf("read %t: %+v", a.readable, a.said)
			}
		})
	}
}

// FuzzAnswers holds that what is passed over is read as if it were decoded.
func FuzzAnswers(f *testing.F) {
	f.Add(`{"ok":true,"ts":"1.1","message":{"text":"\"}"}}`)
	f.Add(`{"ok":true,"list":[1,{"a":[]}],"ts":"1.1"} `)
	f.Add(`{"ok":false,"error":"ratelimited"}`)
	f.Fuzz(func(t *testing.T, text string) {
		got := heard(wire.NewAnswer(200, text)) // never panics
		var want said
		if strings.Contains(strings.ToLower(strings.ReplaceAll(text, `"ok"`, "")), "ok") || json.Unmarshal([]byte(text), &want) != nil || strings.Contains(text, "TS") {
			return // the decoder takes OK for ok
		}
		if got.said.OK != want.OK || want.OK && got.said.TS != want.TS {
			t.Errorf("%q is read as %+v, decoded as %+v", text, got.said, want)
		}
	})
}
