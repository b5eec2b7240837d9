package hsadmin_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hexplane/hexplane/hsadmin"
)

// backendOf answers in memory, so that the examples need no backend.
func backendOf(answer func(*http.Request) int) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: answer(req), Header: http.Header{}, Body: http.NoBody}, nil
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func ExampleClient_DeleteDevice() {
	client, err := hsadmin.New(hsadmin.Config{
		BaseURL:   "https://hs.example/isp-1",
		Transport: backendOf(func(*http.Request) int { return http.StatusNotFound }),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	err = client.DeleteDevice(context.Background(), "dev-1")
	fmt.Println(err)
	fmt.Println("is gone already:", errors.Is(err, hsadmin.ErrNotFound))
	// Output:
	// hsadmin: DELETE /devices/{device_id}: 404 Not Found
	// is gone already: true
}

func ExampleBatchClient_SendAll() {
	client, err := hsadmin.New(hsadmin.Config{
		BaseURL: "https://hs.example/isp-1",
		Transport: backendOf(func(req *http.Request) int {
			if strings.HasSuffix(req.URL.Path, "/dev-2") {
				return http.StatusNotFound
			}
			return http.StatusNoContent
		}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	var requests []hsadmin.Request
	for _, id := range []string{"dev-1", "dev-2", "dev-3"} {
		request, err := hsadmin.DeleteRequest("devices", id)
		if err != nil {
			fmt.Println(err)
			return
		}
		requests = append(requests, request)
	}

	batch := hsadmin.NewBatchClient(client, hsadmin.BatchConfig{}).SendAll(context.Background(), requests)
	for _, outcome := range batch.Outcomes {
		fmt.Println(outcome.Index, outcome.State)
	}
	fmt.Println(batch.Succeeded, "of", len(batch.Outcomes), "succeeded")
	// Output:
	// 0 succeeded
	// 1 failed
	// 2 succeeded
	// 2 of 3 succeeded
}
