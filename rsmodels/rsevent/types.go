package rsevent

// Event types on [TopicProvision], from accounts to rsclient.
const (
	TypeAccountCreated   = "AccountCreated"
	TypeAccountUpdated   = "AccountUpdated"
	TypeAccountDeleted   = "AccountDeleted"
	TypeUserCreated      = "UserCreated"
	TypeUserUpdated      = "UserUpdated"
	TypeUserDeleted      = "UserDeleted"
	TypeDeviceCreated    = "DeviceCreated"
	TypeDeviceUpdated    = "DeviceUpdated"
	TypeDeviceDeleted    = "DeviceDeleted"
	TypeProvisionCreated = "ProvisionCreated"
	TypeProvisionUpdated = "ProvisionUpdated"
	TypeProvisionDeleted = "ProvisionDeleted"
)

// Event types on [TopicProvision], from rsclient to rsadaptor.
const (
	TypeRSDeviceCreated                = "RSDeviceCreated"
	TypeRSDeviceUpdated                = "RSDeviceUpdated"
	TypeRSDeviceDeleted                = "RSDeviceDeleted"
	TypeRSDeviceAction                 = "RSDeviceAction"
	TypeRSUserUpdated                  = "RSUserUpdated"
	TypeRSCustomFlagsUpdated           = "RSCustomFlagsUpdated"
	TypeRSRouterUploadIntervalsUpdated = "RSRouterUploadIntervalsUpdated"
)

// Event types on [TopicSystemConfiguration], from rsclient to rsadaptor.
const (
	TypeRSRouterProtectionUpdated = "RSRouterProtectionUpdated"
	TypeRSSystemUpdated           = "RSSystemUpdated"
)

// Event types on [TopicAgent], from rsagents to rsadaptor and rsclient.
const (
	TypeRSAgentPackageCreated  = "RSAgentPackageCreated"
	TypeRSAgentsUpdated        = "RSAgentsUpdated"
	TypeRSDefaultAgentsUpdated = "RSDefaultAgentsUpdated"
)

// Event types on [TopicAgentsRequest] and [TopicClientRequest].
const (
	TypeRSSyncAgentPackages     = "RSSyncAgentPackages"
	TypeRSSyncAgentPackagesBulk = "RSSyncAgentPackagesBulk"
	TypeRSSyncSystem            = "RSSyncSystem"
	TypeRSSyncAccounts          = "RSSyncAccounts"
	TypeRSSyncAccountsBulk      = "RSSyncAccountsBulk"
	TypeRSCancelSync            = "RSCancelSync"
)

// Event types of replies; each carries a [Reply]. Those of rsagents travel on
// [TopicAgentsReply], of rsclient on [TopicClientReply], of rsadaptor on
// [TopicAdaptorReply].
const (
	TypeRSSyncAgentPackagesReply            = "RSSyncAgentPackagesReply"
	TypeRSSyncAgentPackagesBulkReply        = "RSSyncAgentPackagesBulkReply"
	TypeRSSyncSystemReply                   = "RSSyncSystemReply"
	TypeRSSyncAccountsReply                 = "RSSyncAccountsReply"
	TypeRSSyncAccountsBulkReply             = "RSSyncAccountsBulkReply"
	TypeRSDeviceCreatedReply                = "RSDeviceCreatedReply"
	TypeRSDeviceUpdatedReply                = "RSDeviceUpdatedReply"
	TypeRSDeviceDeletedReply                = "RSDeviceDeletedReply"
	TypeRSDeviceActionReply                 = "RSDeviceActionReply"
	TypeRSUserUpdatedReply                  = "RSUserUpdatedReply"
	TypeRSCustomFlagsUpdatedReply           = "RSCustomFlagsUpdatedReply"
	TypeRSRouterUploadIntervalsUpdatedReply = "RSRouterUploadIntervalsUpdatedReply"
	TypeRSRouterProtectionUpdatedReply      = "RSRouterProtectionUpdatedReply"
	TypeRSSystemUpdatedReply                = "RSSystemUpdatedReply"
	TypeRSAgentPackageCreatedReply          = "RSAgentPackageCreatedReply"
	TypeRSAgentsUpdatedReply                = "RSAgentsUpdatedReply"
	TypeRSDefaultAgentsUpdatedReply         = "RSDefaultAgentsUpdatedReply"
)

// Event types around the core: configuration, commands, products, customers.
const (
	TypeISPGlobalConfigurationsCreated = "ISPGlobalConfigurationsCreated"
	TypeISPGlobalConfigurationsUpdated = "ISPGlobalConfigurationsUpdated"
	TypePostDevice                     = "PostDevice"
	TypePatchDevice                    = "PatchDevice"
	TypeProductIsInstalled             = "ProductIsInstalled"
	TypeRSDeviceEventConnected         = "RSDeviceEventConnected"
	TypeDeviceInactiveDeleted          = "device_inactive_deleted"
	TypeDeviceInactiveDeleteAlert      = "device_inactive_delete_alert"
	TypeWSPRequest                     = "WSPRequest"
)

// Event types on [TopicHSEvent], from the HomeSecure backend to rsevents. The
// first three also travel on [TopicNotification] when a customer is told of them.
const (
	TypeHSDeviceConnected = "device_event_connected"
	TypeHSDeviceNew       = "device_event_new_device"
	TypeHSDeviceActive    = "device_event_active"
	TypeHSWebSessionPage  = "web_session_page"
)

// ReplyType is the event type that answers requests of the given event type.
func ReplyType(eventType string) string { return eventType + "Reply" }
