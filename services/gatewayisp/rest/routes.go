package rest

// Upstreams are the base URLs of the services behind the gateway.
type Upstreams struct {
	Accounts, CustomConfig, RSClient, RSAgents, RSSync string
}

// upstream names a service.
type upstream string

const (
	accounts     upstream = "accounts"
	customconfig upstream = "customconfig"
	rsclient     upstream = "rsclient"
	rsagents     upstream = "rsagents"
	rssync       upstream = "rssync"
)

func (u Upstreams) all() map[upstream]string {
	return map[upstream]string{
		accounts: u.Accounts, customconfig: u.CustomConfig,
		rsclient: u.RSClient, rsagents: u.RSAgents, rssync: u.RSSync,
	}
}

// routes lists everything that is public, and who answers it. What is not here does
// not exist for the outside, such as the calls between services.
var routes = []struct {
	pattern string
	to      upstream
}{
	{"POST /accounts", accounts},
	{"GET /accounts", accounts},
	{"GET /accounts/{account_id}", accounts},
	{"PATCH /accounts/{account_id}", accounts},
	{"DELETE /accounts/{account_id}", accounts},
	{"POST /accounts/{account_id}/users", accounts},
	{"GET /accounts/{account_id}/users", accounts},
	{"GET /accounts/{account_id}/users/{user_id}", accounts},
	{"PATCH /accounts/{account_id}/users/{user_id}", accounts},
	{"DELETE /accounts/{account_id}/users/{user_id}", accounts},
	{"POST /accounts/{account_id}/devices", accounts},
	{"GET /accounts/{account_id}/devices", accounts},
	{"GET /accounts/{account_id}/devices/{device_id}", accounts},
	{"PATCH /accounts/{account_id}/devices/{device_id}", accounts},
	{"DELETE /accounts/{account_id}/devices/{device_id}", accounts},
	{"GET /accounts/{account_id}/devices/{device_id}/routersecure", rsclient},

	{"GET /configuration", customconfig},
	{"PUT /configuration", customconfig},

	{"GET /router-protection", rsclient},
	{"PUT /router-protection", rsclient},
	{"GET /router-protection/allowed-list", rsclient},
	{"PUT /router-protection/allowed-list", rsclient},
	{"GET /router-protection/dns-allowed-list", rsclient},
	{"PUT /router-protection/dns-allowed-list", rsclient},
	{"GET /lan-protection", rsclient},
	{"PUT /lan-protection", rsclient},
	{"GET /advanced-configuration", rsclient},
	{"PUT /advanced-configuration", rsclient},
	{"PUT /subsystems/rs/router_agent_packages/{agent_package_id}", rsclient},

	{"POST /router_agent_packages", rsagents},
	{"GET /router_agent_packages", rsagents},
	{"GET /router_agent_packages/{agent_package_id}", rsagents},
	{"PATCH /router_agent_packages/{agent_package_id}", rsagents},
	{"DELETE /router_agent_packages/{agent_package_id}", rsagents},

	{"POST /subsystems/rs/full-sync", rssync},
	{"GET /subsystems/rs/jobs", rssync},
	{"GET /subsystems/rs/jobs/{job_id}", rssync},
	{"POST /subsystems/rs/jobs/{job_id}", rssync},
}
