package feed

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// silent are elements whose content nobody reads.
var silent = map[atom.Atom]bool{
	atom.Script: true, atom.Style: true, atom.Head: true, atom.Template: true, atom.Noscript: true, atom.Iframe: true,
	atom.Svg: true, atom.Math: true, atom.Object: true, atom.Select: true, atom.Textarea: true, atom.Button: true,
}

// blocks are elements that stand on lines of their own.
var blocks = map[atom.Atom]bool{
	atom.P: true, atom.Div: true, atom.Br: true, atom.Hr: true, atom.H1: true, atom.H2: true, atom.H3: true, atom.H4: true, atom.H5: true,
	atom.H6: true, atom.Ul: true, atom.Ol: true, atom.Table: true, atom.Tr: true, atom.Blockquote: true, atom.Pre: true, atom.Section: true,
	atom.Article: true, atom.Figure: true, atom.Figcaption: true, atom.Dl: true, atom.Dt: true, atom.Dd: true, atom.Header: true, atom.Footer: true,
}

// Text gives what a person reads of HTML: no tag, one line a block, an item of a
// list behind a dot.
func Text(source string) string {
	z := html.NewTokenizer(strings.NewReader(visible(source))) // first: what is taken out of a text must not make a tag of it
	var out strings.Builder
	var hidden atom.Atom // the silent element we are in
	depth := 0           // of elements with its name
	for {
		kind := z.Next()
		switch kind {
		case html.ErrorToken:
			return Plain(out.String())
		case html.TextToken:
			if hidden == 0 {
				out.Write(foldSpace(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			name, _ := z.TagName()
			tag := atom.Lookup(name)
			switch {
			case hidden != 0 && tag == hidden && kind == html.StartTagToken:
				depth++
			case hidden != 0 && tag == hidden && kind == html.EndTagToken:
				if depth--; depth == 0 {
					hidden = 0
				}
			case hidden != 0:
			case silent[tag] && kind == html.StartTagToken:
				hidden, depth = tag, 1
			case tag == atom.Li && kind == html.StartTagToken:
				out.WriteString("\n• ")
			case blocks[tag]:
				out.WriteString("\n")
			case tag == atom.Td || tag == atom.Th:
				out.WriteString(" ")
			}
		case html.CommentToken, html.DoctypeToken:
		}
	}
}

// foldSpace makes a line break inside a text a space, as a browser does.
func foldSpace(text []byte) []byte {
	for i, b := range text {
		if b == '\n' || b == '\r' || b == '\t' {
			text[i] = ' '
		}
	}
	return text
}

// Plain takes from a text what nobody reads: control characters, marks that turn
// the direction of a line, spaces beside spaces and empty lines.
func Plain(text string) string {
	var lines []string
	for line := range strings.Lines(visible(html.UnescapeString(text))) {
		if line = strings.Join(strings.Fields(line), " "); line != "" && line != "•" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// visible takes from a text what is no UTF-8, control characters but spaces and line
// breaks, and marks that nobody sees.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return r
		case unicode.IsControl(r), r == '\u200b', r == '\ufeff', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return -1
		default:
			return r
		}
	}, strings.ToValidUTF8(text, ""))
}

// Line is Plain on one line.
func Line(text string) string { return strings.ReplaceAll(Plain(text), "\n", " ") }

// cut shortens a text to so many characters, at a word where there is one near.
func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	runes := []rune(text)[:most-1]
	for back := len(runes) - 1; back > len(runes)*3/4; back-- {
		if unicode.IsSpace(runes[back]) {
			runes = runes[:back]
			break
		}
	}
	return strings.TrimRightFunc(string(runes), unicode.IsSpace) + "…"
}
