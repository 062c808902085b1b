/* [data-locate]: fills lat, lon and acc (metres) of its form from the phone's position and sends it. Hidden without scripts. */
(function () {
  if (!navigator.geolocation || !window.isSecureContext) return;
  var words = null; // of the button, while it says something else
  function show() { // on load, after a swap, back from another page: as new
    var button = document.querySelector("[data-locate]");
    if (!button) return;
    button.hidden = button.disabled = false;
    if (words) button.lastChild.textContent = words;
    var fields = button.form.elements;
    fields.at.disabled = false;
    ["lat", "lon", "acc"].forEach(function (name) { fields[name].disabled = true; });
  }
  function fill(form, name, value) {
    form.elements[name].disabled = false;
    form.elements[name].value = value;
  }
  show();
  addEventListener("pageshow", show);
  ["htmx:afterSwap", "htmx:historyRestore"].forEach(function (name) { document.addEventListener(name, show); });
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-locate]");
    if (!button) return;
    var form = button.form, said = form.querySelector("[data-locate-said]");
    words = button.lastChild.textContent;
    button.disabled = true;
    button.lastChild.textContent = button.dataset.asking;
    navigator.geolocation.getCurrentPosition(function (at) {
      fill(form, "lat", at.coords.latitude.toFixed(4)); // about 11 m, closer than any phone knows: no need to send more
      fill(form, "lon", at.coords.longitude.toFixed(4));
      fill(form, "acc", Math.round(Math.min(at.coords.accuracy, 100000)));
      form.elements.at.disabled = true;
      form.submit();
    }, function () {
      show();
      said.textContent = button.dataset.refused;
      said.hidden = false;
    }, { enableHighAccuracy: true, timeout: 10000, maximumAge: 60000 });
  });
})();
