/* [data-locate]: fills lat, lon and acc (metres) of its form from the phone's position and sends it. Hidden without scripts. */
(function () {
  var button = document.querySelector("[data-locate]");
  if (!button || !navigator.geolocation || !window.isSecureContext) return;
  var form = button.closest("form"), said = form.querySelector("[data-locate-said]"), label = button.textContent;
  button.hidden = false;
  function fill(name, value) {
    var field = form.elements[name];
    field.disabled = false;
    field.value = value;
  }
  button.addEventListener("click", function () {
    button.disabled = true;
    button.lastChild.textContent = button.dataset.asking;
    navigator.geolocation.getCurrentPosition(function (at) {
      fill("lat", at.coords.latitude.toFixed(5)); // about a metre: no need to send more of a person
      fill("lon", at.coords.longitude.toFixed(5));
      fill("acc", Math.round(Math.min(at.coords.accuracy, 100000)));
      form.elements.at.disabled = true;
      form.submit();
    }, function () {
      button.disabled = false;
      button.lastChild.textContent = label;
      said.textContent = button.dataset.refused;
      said.hidden = false;
    }, { enableHighAccuracy: true, timeout: 10000, maximumAge: 60000 });
  });
  addEventListener("pageshow", function () { // back from the results: as new
    button.disabled = false;
    button.lastChild.textContent = label;
    form.elements.at.disabled = false;
  });
})();
