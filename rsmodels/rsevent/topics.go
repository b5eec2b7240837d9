package rsevent

// Topics. The comment says what the record's key is.
const (
	// TopicProvision carries accounts, users and devices, first as the core
	// knows them and then as RouterSecure resolved them. Key: account_id.
	TopicProvision = "as-rs-provision-topic"
	// TopicSystemConfiguration carries an ISP's RouterSecure settings. Key: isp_id.
	TopicSystemConfiguration = "as-rs-system-configuration-topic"
	// TopicAgent carries agent packages and the lists made of them.
	// Key: agent_package_id for one package, isp_id for a list.
	TopicAgent = "as-rs-agent-topic"
	// TopicAgentsRequest carries requests to rsagents. Key: request_id.
	TopicAgentsRequest = "as-rs-agents-request-topic"
	// TopicAgentsReply carries the replies of rsagents. Key: request_id.
	TopicAgentsReply = "as-rs-agents-reply-topic"
	// TopicClientRequest carries requests to rsclient. Key: request_id.
	TopicClientRequest = "as-rs-client-request-topic"
	// TopicClientReply carries the replies of rsclient. Key: request_id.
	TopicClientReply = "as-rs-client-reply-topic"
	// TopicAdaptorReply carries the replies of rsadaptor. Key: request_id.
	TopicAdaptorReply = "as-rs-adaptor-reply-topic"
	// TopicEvent carries what routers reported about devices. Key: account_id.
	TopicEvent = "as-rs-event-topic"
	// TopicProvisionCommand carries commands to accounts. Key: account_id.
	TopicProvisionCommand = "as-provision-command-topic"
	// TopicConfiguration carries an ISP's global configuration. Key: isp_id.
	TopicConfiguration = "as-configuration-topic"
	// TopicSubsystem tells which product an account uses. Key: account_id.
	TopicSubsystem = "as-subsystem-topic"
	// TopicNotification carries what a customer is told. Key: account_id.
	TopicNotification = "as-notification-topic"
	// TopicBucket carries what is kept for reporting. Key: account_id.
	TopicBucket = "as-bucket-topic"
	// TopicHSEvent carries the events of the HomeSecure backend, in the external
	// serialization. Key: device_id.
	TopicHSEvent = "hs-event-topic"
)
