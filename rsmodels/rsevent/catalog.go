package rsevent

// Event describes one event type on one topic.
type Event struct {
	Type  string
	Topic string
	// Key names what the record's key holds.
	Key string
	// From and To name the services that send and receive the event.
	From, To []string
	// Payload is the zero value of the payload's type.
	Payload any
	// Summary is one sentence on what the event says.
	Summary string
}

// Catalog lists every event of RouterSecure in a fixed order; the caller owns
// the slice.
func Catalog() []Event {
	var all []Event
	all = append(all, coreEvents()...)
	all = append(all, resolvedEvents()...)
	all = append(all, systemEvents()...)
	all = append(all, syncEvents()...)
	all = append(all, adaptorReplies()...)
	return append(all, aroundEvents()...)
}

func services(names ...string) []string { return names }

func coreEvents() []Event {
	from, to := services("accounts"), services("rsclient")
	on := func(eventType string, payload any, summary string) Event {
		return Event{eventType, TopicProvision, "account_id", from, to, payload, summary}
	}
	return []Event{
		on(TypeAccountCreated, Account{}, "An account was created."),
		on(TypeAccountUpdated, Account{}, "An account was changed."),
		on(TypeAccountDeleted, Account{}, "An account was deleted; the payload is its last state."),
		on(TypeUserCreated, User{}, "A user was created."),
		on(TypeUserUpdated, User{}, "A user was changed."),
		on(TypeUserDeleted, User{}, "A user was deleted; the payload is its last state."),
		on(TypeDeviceCreated, Device{}, "A device was created."),
		on(TypeDeviceUpdated, Device{}, "A device was changed."),
		on(TypeDeviceDeleted, Device{}, "A device was deleted; the payload is its last state."),
		on(TypeProvisionCreated, Provision{}, "Several entities of an account were created."),
		on(TypeProvisionUpdated, Provision{}, "Several entities of an account were changed."),
		on(TypeProvisionDeleted, Provision{}, "Several entities of an account were deleted."),
	}
}

func resolvedEvents() []Event {
	from, to := services("rsclient"), services("rsadaptor")
	on := func(eventType string, payload any, summary string) Event {
		return Event{eventType, TopicProvision, "account_id", from, to, payload, summary}
	}
	return []Event{
		on(TypeRSDeviceCreated, RSDevice{}, "A device is to be configured; with a request_id it is confirmed."),
		on(TypeRSDeviceUpdated, RSDevice{}, "A device is to be configured anew."),
		on(TypeRSDeviceDeleted, RSDevice{}, "A device is to be forgotten."),
		on(TypeRSDeviceAction, RSDeviceAction{}, "A device is told to do something."),
		on(TypeRSUserUpdated, RSUserUpdated{}, "All devices of a user are to be configured anew."),
		on(TypeRSCustomFlagsUpdated, RSCustomFlagsUpdated{}, "A router's feature flags changed."),
		on(TypeRSRouterUploadIntervalsUpdated, RSRouterUploadIntervalsUpdated{}, "A router's upload intervals changed."),
	}
}

func systemEvents() []Event {
	client, agents := services("rsclient"), services("rsagents")
	adaptor, both := services("rsadaptor"), services("rsadaptor", "rsclient")
	config := services("customconfig")
	return []Event{
		{TypeRSRouterProtectionUpdated, TopicSystemConfiguration, "isp_id", client, adaptor, RSRouterProtectionUpdated{}, "An ISP's router protection changed."},
		{TypeRSSystemUpdated, TopicSystemConfiguration, "isp_id", client, adaptor, RSSystemUpdated{}, "An ISP's general settings changed."},
		{TypeRSAgentPackageCreated, TopicAgent, "agent_package_id", agents, adaptor, RSAgentPackageCreated{}, "An agent package is to be configured."},
		{TypeRSAgentsUpdated, TopicAgent, "isp_id", agents, both, RSAgentsUpdated{}, "The agent packages of an ISP changed."},
		{TypeRSDefaultAgentsUpdated, TopicAgent, "isp_id", agents, both, RSDefaultAgentsUpdated{}, "The default agent packages of an ISP changed."},
		{TypeISPGlobalConfigurationsCreated, TopicConfiguration, "isp_id", config, services("rsclient", "accounts"), ISPGlobalConfigurations{}, "An ISP's global configuration was created."},
		{TypeISPGlobalConfigurationsUpdated, TopicConfiguration, "isp_id", config, services("rsclient", "accounts"), ISPGlobalConfigurations{}, "An ISP's global configuration was changed."},
	}
}

func syncEvents() []Event {
	sync, client, agents := services("rssync"), services("rsclient"), services("rsagents")
	on := func(eventType, topic string, from, to []string, payload any, summary string) Event {
		return Event{eventType, topic, "request_id", from, to, payload, summary}
	}
	return []Event{
		on(TypeRSSyncAgentPackages, TopicAgentsRequest, sync, agents, RSSyncAgentPackages{}, "All agent packages of an ISP are to be replayed."),
		on(TypeRSSyncAgentPackagesBulk, TopicAgentsRequest, agents, agents, RSSyncAgentPackagesBulk{}, "Some agent packages are to be replayed."),
		on(TypeRSCancelSync, TopicAgentsRequest, sync, agents, RSCancelSync{}, "A job is to end."),
		on(TypeRSSyncAgentPackagesReply, TopicAgentsReply, agents, sync, Reply{}, "All agent packages of an ISP have been replayed."),
		on(TypeRSSyncAgentPackagesBulkReply, TopicAgentsReply, agents, agents, Reply{}, "Some agent packages have been replayed."),
		on(TypeRSSyncSystem, TopicClientRequest, sync, client, RSSyncSystem{}, "An ISP's system settings are to be replayed."),
		on(TypeRSSyncAccounts, TopicClientRequest, sync, client, RSSyncAccounts{}, "All devices of an ISP are to be replayed."),
		on(TypeRSSyncAccountsBulk, TopicClientRequest, client, client, RSSyncAccountsBulk{}, "All devices of some accounts are to be replayed."),
		on(TypeRSCancelSync, TopicClientRequest, sync, client, RSCancelSync{}, "A job is to end."),
		on(TypeRSSyncSystemReply, TopicClientReply, client, sync, Reply{}, "An ISP's system settings have been replayed."),
		on(TypeRSSyncAccountsReply, TopicClientReply, client, sync, Reply{}, "All devices of an ISP have been replayed."),
		on(TypeRSSyncAccountsBulkReply, TopicClientReply, client, client, Reply{}, "All devices of some accounts have been replayed."),
	}
}

func adaptorReplies() []Event {
	client, agents := services("rsclient"), services("rsagents")
	on := func(request string, to []string) Event {
		return Event{ReplyType(request), TopicAdaptorReply, "request_id", services("rsadaptor"), to, Reply{}, "Answers a " + request + " that carried a request_id."}
	}
	return []Event{
		on(TypeRSDeviceCreated, client), on(TypeRSDeviceUpdated, client), on(TypeRSDeviceDeleted, client),
		on(TypeRSDeviceAction, client), on(TypeRSUserUpdated, client), on(TypeRSCustomFlagsUpdated, client),
		on(TypeRSRouterUploadIntervalsUpdated, client), on(TypeRSRouterProtectionUpdated, client), on(TypeRSSystemUpdated, client),
		on(TypeRSAgentPackageCreated, agents), on(TypeRSAgentsUpdated, agents), on(TypeRSDefaultAgentsUpdated, agents),
	}
}

func aroundEvents() []Event {
	accounts, events, hs := services("accounts"), services("rsevents"), services("hs-be")
	on := func(eventType, topic string, from, to []string, payload any, summary string) Event {
		return Event{eventType, topic, "account_id", from, to, payload, summary}
	}
	fromHS := func(eventType string, payload any, summary string) Event {
		return Event{eventType, TopicHSEvent, "device_id", hs, events, payload, summary}
	}
	tell := services("notifications")
	return []Event{
		on(TypeRSDeviceEventConnected, TopicEvent, events, accounts, RSDeviceEventConnected{}, "A device connected to its router."),
		on(TypePostDevice, TopicProvisionCommand, events, accounts, PostDevice{}, "A device is to be created."),
		on(TypePatchDevice, TopicProvisionCommand, events, accounts, PatchDevice{}, "A device is to be changed."),
		on(TypeProductIsInstalled, TopicSubsystem, services("rsclient"), services("subsystemsupervisor"), ProductIsInstalled{}, "An account uses a product."),
		on(TypeDeviceInactiveDeleted, TopicNotification, accounts, tell, DeviceNotification{}, "An inactive device was deleted."),
		on(TypeDeviceInactiveDeleteAlert, TopicNotification, accounts, tell, DeviceNotification{}, "An inactive device will be deleted."),
		on(TypeHSDeviceConnected, TopicNotification, events, tell, DeviceNotification{}, "A device connected."),
		on(TypeHSDeviceNew, TopicNotification, events, tell, DeviceNotification{}, "A new device was seen."),
		on(TypeHSDeviceActive, TopicNotification, events, tell, DeviceNotification{}, "A device became active."),
		on(TypeWSPRequest, TopicBucket, events, services("bucketwriter"), WSPRequest{}, "A visited page is to be kept."),
		fromHS(TypeHSDeviceConnected, HSDeviceEvent{}, "A device connected."),
		fromHS(TypeHSDeviceNew, HSDeviceEvent{}, "A router saw a new device."),
		fromHS(TypeHSDeviceActive, HSDeviceEvent{}, "A device became active or inactive."),
		fromHS(TypeHSWebSessionPage, HSWebSessionPage{}, "A device visited a page."),
	}
}
