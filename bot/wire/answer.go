package wire

import (
	"bytes"
	"strings"

	"github.com/valyala/fasthttp"
)

// Answer is what a host said to a request.
type Answer struct {
	Status int
	Body   []byte
	// head are the headers as lines of names and values; hardly any is looked at.
	head []byte
}

// NewAnswer makes an answer with headers given as names and values in turn.
func NewAnswer(status int, body string, headers ...string) Answer {
	a := Answer{Status: status, Body: []byte(body)}
	for i := 0; i+1 < len(headers); i += 2 {
		a.head = appendLine(a.head, headers[i], headers[i+1])
	}
	return a
}

// answerOf copies what is worth keeping of a response.
func answerOf(resp *fasthttp.Response) Answer {
	body := resp.Body()
	all := make([]byte, 0, len(body)+headSize)
	all = append(all, body...)
	for name, value := range resp.Header.All() {
		all = appendLine(all, name, value)
	}
	n := len(body)
	return Answer{Status: resp.StatusCode(), Body: all[:n:n], head: all[n:]}
}

// headSize is what most answers' headers take.
const headSize = 512

func appendLine[T string | []byte](all []byte, name, value T) []byte {
	all = append(append(all, name...), ':')
	return append(append(all, value...), '\n') // a value holds no end of a line
}

// Header gives the first value of a header, whose name may be written in any case,
// or "".
func (a Answer) Header(name string) string {
	for rest := a.head; len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte{'\n'})
		if len(line) > len(name) && line[len(name)] == ':' && strings.EqualFold(string(line[:len(name)]), name) {
			return string(line[len(name)+1:])
		}
	}
	return ""
}
