package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"
)

// kept is how many connections the yardsticks hold, and how many posts they
// have under way.
const kept = 64

func tuned() *http.Client {
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConns: 2 * kept, MaxIdleConnsPerHost: kept, MaxConnsPerHost: kept}}
}

// race has 64 workers do n posts and gives how many a second they came to.
func race(n int, post func(i int) error) (float64, error) {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var workers sync.WaitGroup
	begun := time.Now()
	for range kept {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && failed.Load() == nil; i = int(next.Add(1)) - 1 {
				if err := post(i); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	workers.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return float64(n) / time.Since(begun).Seconds(), nil
}

// bare is yardstick (a): the very bytes the program posted, over net/http with
// nothing around it.
func (b *bench) bare(ctx context.Context, n int) (float64, error) {
	_, body, err := fetch(ctx, b.sink.url+"/sink/body")
	if err != nil {
		return 0, err
	}
	client := tuned()
	defer client.CloseIdleConnections()
	return race(n, func(int) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.sink.url+"/api/chat.postMessage", bytes.NewReader(body))
		if err != nil {
			return fmt.Errorf("make the request: %w", err)
		}
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
		req.Header.Set("Authorization", "Bearer "+botToken)
		resp, err := client.Do(req)
		if err != nil {
			return fmt.Errorf("post: %w", err)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		return err
	})
}

// library is yardstick (b): a loop over the client library, with the same
// transport, posting the message the program posted.
func (b *bench) library(ctx context.Context, n int) (float64, error) {
	_, body, err := fetch(ctx, b.sink.url+"/sink/body")
	if err != nil {
		return 0, err
	}
	message, err := options(body)
	if err != nil {
		return 0, err
	}
	http := tuned()
	defer http.CloseIdleConnections()
	client := slack.New(botToken, slack.OptionHTTPClient(http), slack.OptionAPIURL(b.sink.url+"/api/"))
	return race(n, func(i int) error {
		_, _, err := client.PostMessageContext(ctx, channelName(i), message...)
		return err
	})
}

// options are a posted message as the library takes it.
func options(body []byte) ([]slack.MsgOption, error) {
	var m struct {
		Text   string       `json:"text"`
		Blocks slack.Blocks `json:"blocks"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, fmt.Errorf("read the posted message: %w", err)
	}
	return []slack.MsgOption{slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(m.Blocks.BlockSet...), slack.MsgOptionDisableLinkUnfurl()}, nil
}
