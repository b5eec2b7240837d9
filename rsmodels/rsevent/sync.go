package rsevent

// RSSyncSystem asks rsclient to replay an ISP's system settings.
type RSSyncSystem struct {
	JobRequest
	ISPID string `json:"isp_id" validate:"required,max=128,printascii,excludesall= /?#%"`
}

// RSSyncAgentPackages asks rsagents to replay all agent packages of an ISP.
type RSSyncAgentPackages struct {
	JobRequest
	ISPID string `json:"isp_id" validate:"required,max=128,printascii,excludesall= /?#%"`
}

// RSSyncAgentPackagesBulk asks rsagents to replay the named agent packages.
type RSSyncAgentPackagesBulk struct {
	JobRequest
	ISPID           string   `json:"isp_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	AgentPackageIDs []string `json:"agent_package_ids" validate:"required,max=10000,unique,dive,required,max=128"`
}

// RSSyncAccounts asks rsclient to replay every device of every account of an ISP.
type RSSyncAccounts struct {
	JobRequest
	ISPID string `json:"isp_id" validate:"required,max=128,printascii,excludesall= /?#%"`
}

// RSSyncAccountsBulk asks rsclient to replay the devices of the named accounts.
type RSSyncAccountsBulk struct {
	JobRequest
	ISPID      string   `json:"isp_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	AccountIDs []string `json:"account_ids" validate:"required,max=10000,unique,dive,required,max=128"`
}

// RSCancelSync ends everything that belongs to a job. It is not answered itself;
// the requests that it ends are, with status "cancelled".
type RSCancelSync struct {
	JobID string `json:"job_id" validate:"required,max=128"`
}
