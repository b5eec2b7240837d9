package rsschema

import (
	"bytes"
	"fmt"
	"reflect"

	"gopkg.in/yaml.v3"

	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// asyncAPI is an AsyncAPI 3.0 document with its parts in the usual order.
type asyncAPI struct {
	Version     string            `yaml:"asyncapi"`
	Info        map[string]string `yaml:"info"`
	ContentType string            `yaml:"defaultContentType"` //nolint:tagliatelle // AsyncAPI names it so
	Channels    map[string]schema `yaml:"channels"`
	Operations  map[string]schema `yaml:"operations"`
	Components  components        `yaml:"components"`
}

type components struct {
	Messages map[string]schema `yaml:"messages"`
	Schemas  map[string]schema `yaml:"schemas"`
}

const (
	description = "The events that the services of RouterSecure exchange over Kafka. " +
		"A record's value is one JSON object {id, event_type, payload, trace_id, timestamp}; " +
		"the messages here describe payload. On hs-event-topic events are CloudEvents 1.0."
	schemas = "#/components/schemas/"
)

// AsyncAPI is the AsyncAPI 3.0 document, in YAML, of all events.
func AsyncAPI() ([]byte, error) {
	w := &writer{refs: schemas, definitions: map[string]schema{}}
	doc := asyncAPI{
		Version:     "3.0.0",
		Info:        map[string]string{"title": "RouterSecure events", "version": "1.0.0", "description": description},
		ContentType: "application/json",
		Channels:    map[string]schema{}, Operations: map[string]schema{},
		Components: components{Messages: map[string]schema{}, Schemas: w.definitions},
	}
	for _, event := range rsevent.Catalog() {
		doc.add(w, event)
	}
	var out bytes.Buffer
	out.WriteString("# Generated from the types of this folder; rewritten by `make generate`.\n")
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(doc); err != nil {
		return nil, fmt.Errorf("rsschema: asyncapi: %w", err)
	}
	return out.Bytes(), nil
}

func (d *asyncAPI) add(w *writer, event rsevent.Event) {
	message := event.Type
	payload := w.of(reflect.TypeOf(event.Payload), nil)
	if other, taken := d.Components.Messages[message]; taken && !reflect.DeepEqual(other["payload"], payload) {
		message += "-" + event.Topic
	}
	d.Components.Messages[message] = schema{
		"name": event.Type, "summary": event.Summary, "payload": payload,
		"bindings": schema{"kafka": schema{"key": schema{"type": "string", "description": event.Key}}},
	}
	channel, known := d.Channels[event.Topic]
	if !known {
		channel = schema{"address": event.Topic, "messages": map[string]schema{}}
		d.Channels[event.Topic] = channel
	}
	messages, _ := channel["messages"].(map[string]schema)
	messages[event.Type] = schema{"$ref": "#/components/messages/" + message}
	for _, service := range event.From {
		d.operate(service, "send", event)
	}
	for _, service := range event.To {
		d.operate(service, "receive", event)
	}
}

// operate adds an event to what a service sends to or receives from a topic.
func (d *asyncAPI) operate(service, action string, event rsevent.Event) {
	channel := "#/channels/" + event.Topic
	id := service + "." + action + "." + event.Topic
	operation, known := d.Operations[id]
	if !known {
		operation = schema{"action": action, "channel": schema{"$ref": channel}, "title": service + " " + action + "s"}
		d.Operations[id] = operation
	}
	messages, _ := operation["messages"].([]schema)
	operation["messages"] = append(messages, schema{"$ref": channel + "/messages/" + event.Type})
}
