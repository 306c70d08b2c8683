package migrating

import (
	"net/http"

	"github.com/alexedwards/scs/v2"
)

type scsApp struct{ sessions *scs.SessionManager }

func (a scsApp) add(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	a.sessions.Put(ctx, "count", a.sessions.GetInt(ctx, "count")+1)
	a.sessions.Put(ctx, "flash", "It is in your cart.")
	http.Redirect(w, r, "/cart", http.StatusSeeOther)
}

func (a scsApp) login(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if err := a.sessions.RenewToken(ctx); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	a.sessions.Put(ctx, "user", 7)
	http.Redirect(w, r, a.sessions.PopString(ctx, "next"), http.StatusSeeOther)
}
