/* The button that opens the form as a dialog, the form, and the page of a request. Everything works without it, too. */
(function () {
  "use strict";

  /* What the visitor did in a table view of this page, or null: words, order, hidden columns. CKAN's table view stands in a frame. */
  function tableState() {
    const frames = [...document.querySelectorAll("iframe[data-module='data-viewer']")];
    for (const view of [window, ...frames.map((frame) => frame.contentWindow)]) {
      try {
        const table = tableIn(view);
        if (table) return stateOf(table);
      } catch {
        continue; // a frame of another site
      }
    }
    return null;
  }

  function tableIn(view) {
    const element = view.document.getElementById("dtprv");
    const tables = view.jQuery && view.jQuery.fn.dataTable;
    const there = element && tables && tables.isDataTable(element);
    return there ? view.jQuery(element).DataTable() : null;
  }

  function stateOf(table) {
    const asked = table.ajax.params();
    if (!asked) return null;
    const words = asked.columns.filter((column) => column.search.value).map((column) => [column.name, column.search.value]);
    const visible = table.columns().visible().toArray();
    return {
      search: asked.search.value,
      columns: Object.fromEntries(words),
      order: asked.order.map((key) => [key.column, key.dir]),
      hidden: [...visible.keys()].filter((number) => !visible[number]),
    };
  }

  async function part(address, sent) {
    const response = await fetch(address, { credentials: "same-origin", cache: "no-store", ...sent });
    const html = await response.text();
    return { response, html };
  }

  function withPart(address, name) {
    const target = new URL(address, window.location.href);
    target.searchParams.set("part", name);
    return target.href;
  }

  ckan.module("packaging-portal-button", function ($) {
    return {
      initialize: function () {
        $.proxyAll(this, /_on/);
        this.plain = this.el[0].href;
        this.el.on("mousedown keydown click", this._onUse);
      },

      /* The link itself leads to the same form, so that it may be opened in another tab, too. */
      _onUse: function (event) {
        this.el[0].href = this._address();
        const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.button > 0;
        if (event.type !== "click" || elsewhere || !window.bootstrap) return;
        event.preventDefault();
        this._open();
      },

      _address: function () {
        const state = tableState();
        const target = new URL(this.plain);
        if (state) target.searchParams.set("table", JSON.stringify(state));
        return target.href;
      },

      _open: function () {
        this.dialog = this.dialog || this._build();
        this.dialog.show();
        this._load(part(withPart(this.el[0].href, "form")));
      },

      _build: function () {
        const template = this.el[0].parentElement.querySelector("template");
        this.box = template.content.firstElementChild.cloneNode(true);
        document.body.append(this.box);
        this.box.addEventListener("shown.bs.modal", () => this._focus());
        this.box.addEventListener("hidden.bs.modal", () => this._close());
        this.box.addEventListener("submit", (event) => this._send(event));
        this.box.addEventListener("change", (event) => this._again(event));
        return new window.bootstrap.Modal(this.box);
      },

      /* Gone rather than hidden: a page may have several buttons, and the form is new each time. */
      _close: function () {
        this.dialog.dispose();
        this.box.remove();
        this.dialog = null;
        this.el[0].focus();
      },

      _in: function (name) {
        return this.box.querySelector(`[data-${name}]`);
      },

      /* Puts what the server answers where the form stands; another page, such as that of the request, is gone to. */
      _load: async function (answer) {
        this._in("waiting").hidden = this._in("place").childElementCount > 0;
        this._in("lost").hidden = true;
        this.box.setAttribute("aria-busy", "true");
        const box = this.box;
        try {
          const { response, html } = await answer;
          if (box !== this.box || !this.dialog) return;
          if (response.redirected) return window.location.assign(response.url);
          this._place(html);
        } catch {
          this._in("lost").hidden = false;
        }
        this._in("waiting").hidden = true;
        this.box.removeAttribute("aria-busy");
      },

      _place: function (html) {
        const held = this._in("place").contains(document.activeElement) ? document.activeElement : null;
        this._in("place").innerHTML = html;
        this._focus(held);
      },

      /* Where the focus was: the same field, the next part that may be taken out; what is wrong before all. */
      _focus: function (held) {
        const place = this._in("place");
        const wanted = ["[role=alert]"];
        if (held && held.name === "remove") wanted.push("[name=remove]", "[name=rows]");
        if (held && held.id) wanted.push(`#${held.id}`);
        wanted.push("select", "input:not([type=hidden])");
        const found = wanted.map((selector) => place.querySelector(selector)).find(Boolean);
        if (found) found.focus();
      },

      _send: function (event) {
        event.preventDefault();
        const body = new FormData(event.target);
        const button = event.submitter;
        if (button && button.name) body.append(button.name, button.value);
        this._post(event.target, body);
      },

      /* Another format or other rows: another estimate. */
      _again: function (event) {
        if (!["format", "rows"].includes(event.target.name)) return;
        const body = new FormData(event.target.form);
        body.append("again", "1");
        this._post(event.target.form, body);
      },

      _post: function (form, body) {
        body.append("part", "form");
        this._load(part(form.getAttribute("action"), { method: "POST", body }));
      },
    };
  });

  /* The form on a page of its own: another format or other rows bring another estimate. */
  ckan.module("packaging-portal-form", function () {
    return {
      initialize: function () {
        this.el.on("change", "[name=format], [name=rows]", () => this._again());
      },

      _again: async function () {
        const body = new FormData(this.el[0]);
        body.append("again", "1");
        body.append("part", "form");
        try {
          const { response, html } = await part(this.el.attr("action"), { method: "POST", body });
          if (response.ok) this._renew(new DOMParser().parseFromString(html, "text/html"));
        } catch {
          // what stands there stays
        }
      },

      _renew: function (fresh) {
        const place = ".packaging-portal-expected";
        this.el[0].querySelector(place).innerHTML = fresh.querySelector(place).innerHTML;
      },
    };
  });

  /* The page of a request looks again as often as the server says, until the end. */
  ckan.module("packaging-portal-request", function () {
    return {
      initialize: function () {
        this.failures = 0;
        this._wait();
      },

      _state: function () {
        return this.el[0].querySelector("[data-state]");
      },

      _wait: function () {
        const pause = Number(this._state().dataset.pause) * 1000;
        if (pause) setTimeout(() => this._look(), Math.min(pause * 2 ** this.failures, 120000));
      },

      _look: async function () {
        if (document.visibilityState === "visible") {
          try {
            await this._renew();
            this.failures = 0;
          } catch {
            this.failures += 1;
          }
          this.el[0].querySelector("[data-lost]").hidden = this.failures < 2;
        }
        this._wait();
      },

      _renew: async function () {
        const { response, html } = await part(this._state().dataset.address);
        if (!response.ok || response.redirected) throw new Error(`HTTP ${response.status}`);
        const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-state]");
        const pause = response.headers.get("Retry-After");
        this._show(fresh);
        if (pause) this._state().dataset.pause = pause;
        else delete this._state().dataset.pause;
      },

      /* Replaces only what is different: nothing is announced twice, and the focus stays. */
      _show: function (fresh) {
        const now = this._state();
        const ended = now.dataset.state !== fresh.dataset.state;
        const held = now.contains(document.activeElement);
        now.firstElementChild.className = fresh.firstElementChild.className;
        now.dataset.state = fresh.dataset.state;
        for (const piece of now.querySelectorAll("[data-part]")) {
          const other = fresh.querySelector(`[data-part="${piece.dataset.part}"]`);
          if (piece.dataset.part === "actions" && !ended) continue;
          if (piece.innerHTML !== other.innerHTML) piece.innerHTML = other.innerHTML;
        }
        if (held && ended) now.querySelector("[data-part=actions] a, [data-part=actions] button")?.focus();
      },
    };
  });
})();
