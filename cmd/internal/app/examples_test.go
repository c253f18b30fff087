package app

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sparkbot/config"
	"sparkbot/store/storetest"
)

// document reads a page of ours, README.md or one of docs.
func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks gives the code in a page that is written in a language.
func blocks(page, language string) []string {
	var all []string
	for _, m := range regexp.MustCompile("(?s)\n```"+language+"\n(.*?)```").FindAllStringSubmatch(page, -1) {
		all = append(all, m[1])
	}
	return all
}

// TestExamplesOfTheAPIAreAsWritten has a shell run the examples letter for letter,
// but for the address, which is that of this program.
func TestExamplesOfTheAPIAreAsWritten(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("curl is not here, and CI must run the examples")
		}
		t.Skip("NOT TESTED: the examples of the API, because curl is not installed")
	}
	s := stage(t, storetest.SQLite(t), true, "SPARKBOT_API_TOKEN=hunter2hunter2hunter2")
	run := func(script string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), "sh", "-ec", "curl() { command curl --silent --show-error --noproxy '*' --write-out ' %{http_code}\\n' \"$@\"; }\n"+
			strings.ReplaceAll(script, "http://127.0.0.1:8080", "http://"+s.app.Addr()))
		c.Env = append(os.Environ(), "SPARKBOT_API_TOKEN=hunter2hunter2hunter2")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, script, out)
		}
		return string(out)
	}
	page := document(t, "docs/api.md")
	var examples []string
	for _, b := range blocks(page, "sh") {
		if strings.Contains(b, "curl ") {
			examples = append(examples, b)
		}
	}
	if len(examples) != 2 {
		t.Fatalf("docs/api.md has %d blocks with curl", len(examples))
	}
	steps := strings.Split(examples[0], "\n\n") // names, PUT, POST, GET
	if len(steps) != 4 {
		t.Fatalf("the first block has %d steps", len(steps))
	}
	out := run(strings.Join([]string{steps[0], steps[1], steps[2], steps[2], steps[3]}, "\n"))
	for n, want := range []string{
		`^{"slug":"session",.* 200$`, `^{"added":1,"edited":0,"unchanged":0}\s* 201$`, `^{"added":0,"edited":0,"unchanged":1}\s* 200$`,
		`^{"slug":"session",.*"moves":\[{"key":"v2-testing".*"trend":".* 200$`, `^{"projects":\[{.*"key":"v2-testing".* 200$`,
	} {
		answers := regexp.MustCompile(`(?s)(.*?) \d{3}\n`).FindAllString(out, -1)
		if n >= len(answers) || !regexp.MustCompile(`(?s)`+want).MatchString(strings.TrimSpace(answers[n])) {
			t.Errorf("answer %d is not %s:\n%.3000s", n, want, out)
		}
	}

	problem := func(text string) (p map[string]any) {
		if err := json.NewDecoder(strings.NewReader(text)).Decode(&p); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		delete(p, "request_id")
		return p
	}
	got, want := problem(run(steps[0]+"\n"+examples[1])), problem(blocks(page, "json")[0])
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the mistake is answered with\n%v, and the page says\n%v", got, want)
	}

	for _, b := range blocks(document(t, "README.md"), "sh") {
		if strings.Contains(b, "/api/v1/") {
			if out := run(b); !strings.Contains(out, " 200\n") || !strings.Contains(out, `{"added":1,`) {
				t.Errorf("the README's examples are answered with\n%s", out)
			}
			return
		}
	}
	t.Error("the README has no example of the API")
}

// TestConfigurationsInTheDocsLoad reads what the pages tell people to write.
func TestConfigurationsInTheDocsLoad(t *testing.T) {
	for _, name := range []string{"docs/api.md", "docs/feeds.md"} {
		dir := t.TempDir()
		for _, secret := range []string{"session-releases", "infra-team"} {
			if err := os.WriteFile(filepath.Join(dir, secret), []byte(secret+"-0123456789abcdef"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		file := filepath.Join(dir, "sparkbot.yaml")
		text := strings.ReplaceAll(strings.Join(blocks(document(t, name), "yaml"), ""), "/run/secrets", dir)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(config.Source{File: file})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if len(c.API.Tokens)+len(c.Feeds) != 2 {
			t.Errorf("%s: %d tokens and %d sources are read", name, len(c.API.Tokens), len(c.Feeds))
		}
	}
}

// TestTheReadmeKnowsEverySetting holds its table against the program, and the
// variables that the pages and packages name too.
func TestTheReadmeKnowsEverySetting(t *testing.T) {
	c, err := config.Load(config.Source{File: os.DevNull})
	if err != nil {
		t.Fatal(err)
	}
	defaults := map[string]string{"api.tokens": "", "sources": ""} // lists, which are printed as far as they are set
	variables := map[string]bool{
		"SPARKBOT_API_TOKENS": true, "SPARKBOT_SOURCES": true, "SPARKBOT_CONFIG": true,
		"SPARKBOT_A_B_C": true, "SPARKBOT_TEST_POSTGRES_URL": true, // an example, and what tests alone read
	}
	for _, v := range c.Values() {
		defaults[v.Key], variables[v.Env] = v.Text, true
	}
	readme := document(t, "README.md")
	told := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| ((?:`[a-z_.]+`(?:, )?)+) \\| (.*?) ?\\| .*\\|$").FindAllStringSubmatch(readme, -1) {
		for key := range strings.SplitSeq(row[1], ", ") {
			key = strings.Trim(key, "`")
			is, known := defaults[key]
			if told[key] = true; !known {
				t.Errorf("the README tells of %s, which the program does not know", key)
			} else if strings.Contains(row[2], "`") && !slices.Contains(strings.Split(strings.ReplaceAll(row[2], "`", ""), ", "), is) {
				t.Errorf("the default of %s is %q, and the README says %s", key, is, row[2])
			} else if !strings.Contains(row[2], "`") && is != "" {
				t.Errorf("the default of %s is %q, and the README says none", key, is)
			}
		}
	}
	for key := range defaults {
		if !told[key] {
			t.Errorf("the README does not tell of %s", key)
		}
	}
	pages, err := filepath.Glob(filepath.Join("..", "..", "..", "docs", "*.md"))
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	names := []string{"README.md", "Dockerfile", "compose.yaml", "docs/systemd/sparkbot.service"}
	for _, page := range pages {
		names = append(names, "docs/"+filepath.Base(page))
	}
	for _, name := range names {
		for _, variable := range regexp.MustCompile(`SPARKBOT_[A-Z0-9_]*[A-Z0-9]`).FindAllString(document(t, name), -1) {
			if !variables[variable] && !variables[strings.TrimSuffix(variable, "_FILE")] {
				t.Errorf("%s names %s, which the program does not read", name, variable)
			}
		}
	}
}
