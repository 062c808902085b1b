/* A long form: shows the questions that what was answered leads to, gives the ID number an X key, and moves to what is wrong.
   Without this the button opens them: the server says what is missing. */
(function () {
  var form = document.querySelector("form[data-known]"), known = {}, errors = document.getElementById("errors");
  if (errors) {
    errors.focus();
    history.replaceState(history.state, "", location.href); // Back comes to the page by GET, not to "send again?"
  }
  if (!form) return;
  form.dataset.known.split(" ").forEach(function (one) {
    var at = one.indexOf("=");
    if (at > 0) known[one.slice(0, at)] = one.slice(at + 1);
  });
  var boxes = Array.prototype.slice.call(form.querySelectorAll("[data-when]"));

  function value(name) {
    if (Object.prototype.hasOwnProperty.call(known, name)) return known[name];
    var fields = form.querySelectorAll("[name='" + name + "']"), found = "0";
    Array.prototype.forEach.call(fields, function (field) {
      if (field.type === "checkbox" || field.type === "radio") {
        if (field.checked) found = field.value;
      } else found = field.value || "0";
    });
    return fields.length && shown(fields[0]) ? found : fields.length ? "" : "0";
  }

  function shown(field) {
    var box = field.closest("[data-when]");
    return !box || holds(box);
  }

  function holds(box) {
    return box.dataset.when.split(" ").every(function (one) {
      var at = one.indexOf("=");
      return one.slice(at + 1).split(",").indexOf(value(one.slice(0, at))) >= 0;
    });
  }

  function settle() {
    boxes.forEach(function (box) {
      var open = holds(box) || box.classList.contains("e"); // what is said to be wrong is never hidden
      if (box.hidden === open) box.hidden = !open;
    });
    Array.prototype.forEach.call(form.querySelectorAll("h2"), function (heading) {
      var next = heading.nextElementSibling, any = false;
      while (next && next.tagName !== "H2") {
        if (next.matches(".f") && !next.hidden) any = true;
        next = next.nextElementSibling;
      }
      if (!heading.closest(".note")) heading.hidden = !any;
    });
  }

  form.addEventListener("change", settle);
  form.addEventListener("facts", function (event) {
    Object.keys(event.detail || {}).forEach(function (name) { if (name in known) known[name] = event.detail[name]; });
    settle();
  });
  settle();

  Array.prototype.forEach.call(form.querySelectorAll("[data-x-key]"), function (key) {
    key.hidden = false;
    key.addEventListener("click", function () {
      var field = document.getElementById(key.dataset.xKey);
      if (!/[xX]$/.test(field.value)) field.value += "X";
      field.focus();
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
  });
})();
