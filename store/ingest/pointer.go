package ingest

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// member gives the path of a member of the object at path. A name that would be
// read as something else stands in brackets and quotes.
func member(path, name string) string {
	if plainName.MatchString(name) {
		return strings.TrimPrefix(path+"."+name, ".")
	}
	quoted, err := json.Marshal(name)
	if err != nil {
		return path // texts always marshal
	}
	return path + "[" + string(quoted) + "]"
}

var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")

// Pointer gives the place of the mistake as a JSON Pointer (RFC 6901); empty
// means the whole document.
func (e *Error) Pointer() string {
	var out strings.Builder
	for rest := e.Path; rest != ""; {
		name := ""
		switch {
		case strings.HasPrefix(rest, `["`):
			dec := json.NewDecoder(strings.NewReader(rest[1:]))
			if dec.Decode(&name) != nil {
				return out.String() // member wrote no such path
			}
			rest = strings.TrimPrefix(rest[1+int(dec.InputOffset()):], "]")
		case rest[0] == '[':
			name, rest, _ = strings.Cut(rest[1:], "]")
		default:
			rest = strings.TrimPrefix(rest, ".")
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			name, rest = rest[:end], rest[end:]
		}
		out.WriteString("/" + escapePointer.Replace(name))
	}
	return out.String()
}

// item gives the path of an element of the list at path.
func item(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
