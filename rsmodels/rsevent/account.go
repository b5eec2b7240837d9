package rsevent

// Account status.
const (
	AccountActive    = "active"
	AccountSuspended = "suspended"
)

// ProductRouterSecure is the product that this language is about.
const ProductRouterSecure = "RouterSecure"

// Account is a customer of an ISP: one household or office. It is the payload of
// AccountCreated, AccountUpdated and, as last known, AccountDeleted.
type Account struct {
	AccountID string   `json:"account_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	ISPID     string   `json:"isp_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	Name      string   `json:"name" validate:"required,max=256"`
	Status    string   `json:"status" validate:"required,oneof=active suspended"`
	Products  []string `json:"products" validate:"max=32,unique,dive,required,max=64"`
	// MaxInactiveDays is after how many days without activity a device is
	// deleted; unset means as the ISP says.
	MaxInactiveDays *int      `json:"max_inactive_days,omitempty" validate:"omitnil,min=1,max=3650"`
	Services        *Services `json:"services,omitempty"`
}

// User is a person of an account. It is the payload of UserCreated, UserUpdated
// and, as last known, UserDeleted.
type User struct {
	UserID    string    `json:"user_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	AccountID string    `json:"account_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	Name      string    `json:"name" validate:"required,max=256"`
	Services  *Services `json:"services,omitempty"`
}

// Provision carries several entities of one account at once. It is the payload
// of ProvisionCreated, ProvisionUpdated and ProvisionDeleted: each part is
// treated as an event of its own, the account first, then users, then devices.
type Provision struct {
	Account *Account `json:"account,omitempty"`
	Users   []User   `json:"users,omitempty" validate:"max=1000,dive"`
	Devices []Device `json:"devices,omitempty" validate:"max=1000,dive"`
}
