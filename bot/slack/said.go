package slack

import (
	"encoding/json"
	"slices"

	"sparkbot/bot/wire"
)

// answer is what Slack said to a request.
type answer struct {
	wire.Answer
	said     said
	readable bool // as JSON, into said
	wide     bool // a rate was refused to the workspace, not to one channel
}

// said is what every answer of Slack's is looked through for, once.
type said struct {
	OK       bool   `json:"ok"`
	Error    string `json:"error"`
	Needed   string `json:"needed"`
	TS       string `json:"ts"`
	Metadata struct {
		Messages []string `json:"messages"`
	} `json:"response_metadata"`
}

// heard reads an answer. One that says yes repeats the whole message, of which nothing
// is wanted but its timestamp, so that one is not decoded but passed over.
func heard(a wire.Answer) answer {
	h := answer{Answer: a}
	var yes, plain bool
	whole := members(a.Body, func(name, value []byte) {
		switch string(name) {
		case `"ok"`:
			yes = string(value) == "true"
		case `"ts"`:
			h.said.TS, plain = unquoted(value)
			yes = yes && plain
		}
	})
	if h.said.OK = whole && yes; h.said.OK {
		h.readable = true
		return h
	}
	h.said = said{}
	h.readable = json.Unmarshal(a.Body, &h.said) == nil
	return h
}

// unquoted is a string of JSON in which nothing is escaped.
func unquoted(value []byte) (string, bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	inner := value[1 : len(value)-1]
	return string(inner), !slices.Contains(inner, '\\')
}

// members shows the members of a JSON object, names with their quotation marks. It is
// false where the text is none, as far as can be told without looking into values.
func members(text []byte, show func(name, value []byte)) bool {
	at := blank(text, 0)
	if at == len(text) || text[at] != '{' {
		return false
	}
	for at = blank(text, at+1); at < len(text) && text[at] == '"'; at = blank(text, at+1) {
		end := value(text, at)
		name := text[at:end]
		if at = blank(text, end); at == len(text) || text[at] != ':' {
			return false
		}
		at = blank(text, at+1)
		if end = value(text, at); end == at {
			return false
		}
		show(name, text[at:end])
		if at = blank(text, end); at == len(text) || text[at] != ',' {
			break
		}
	}
	return at < len(text) && text[at] == '}' && blank(text, at+1) == len(text)
}

// blank gives where the white space from at on ends.
func blank(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t') {
		at++
	}
	return at
}

// value gives where the value that begins at at ends; at itself where there is none.
func value(text []byte, at int) int {
	depth := 0
	for i := at; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
			if i >= len(text) {
				return at
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',', ' ', '\n', '\r', '\t':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 { // a text, an object or a list is complete
			return i + 1
		}
	}
	return at
}
