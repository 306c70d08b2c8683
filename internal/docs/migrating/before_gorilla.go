package migrating

import (
	"net/http"

	"github.com/gorilla/sessions"
)

type gorilla struct{ store sessions.Store }

func (g gorilla) add(w http.ResponseWriter, r *http.Request) {
	s, err := g.store.Get(r, "shop")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	count, _ := s.Values["count"].(int)
	s.Values["count"] = count + 1
	s.AddFlash("It is in your cart.")
	if err := s.Save(r, w); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, "/cart", http.StatusSeeOther)
}
