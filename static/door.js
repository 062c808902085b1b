/* [data-door]: reads the phone's position for some seconds, fills the form with the median and sends it. Hidden without scripts.
   [data-photo]: makes a photo small before it is sent; where the phone cannot, the server does. */
(function () {
  var GOOD_M = 100, MOST = 10, READ_MS = 8000, WAIT_MS = 25000, LONGEST = 1600, LARGEST = 10e6;

  function median(numbers) {
    var sorted = numbers.slice().sort(function (a, b) { return a - b; }), half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  function of(readings, name) {
    return median(readings.map(function (one) { return one[name]; }));
  }

  function door(button) {
    var form = button.form, words = button.lastChild.textContent;
    var live = form.querySelector("[data-door-live]"), wrong = form.querySelector("[data-door-wrong]");
    var readings, watch, ending, giving;

    function rest() { // also when the page comes back from the next one
      button.disabled = false;
      button.lastChild.textContent = words;
      live.hidden = true;
    }
    function stop() {
      navigator.geolocation.clearWatch(watch);
      clearTimeout(ending);
      clearTimeout(giving);
    }
    function fail(sentence) {
      stop();
      rest();
      wrong.textContent = sentence;
      wrong.hidden = false;
    }
    function end() {
      stop();
      form.elements.lat.value = of(readings, "latitude").toFixed(6);
      form.elements.lon.value = of(readings, "longitude").toFixed(6);
      form.elements.acc.value = of(readings, "accuracy").toFixed(1);
      form.elements.n.value = readings.length;
      form.submit();
    }
    function heard(at) {
      var rough = !(at.coords.accuracy <= GOOD_M);
      live.textContent = (rough ? live.dataset.rough : live.dataset.said)
        .replace("{n}", readings.length + 1).replace("{m}", Math.round(at.coords.accuracy));
      live.hidden = false;
      if (rough) return;
      readings.push(at.coords);
      if (readings.length === 1) ending = setTimeout(end, READ_MS);
      if (readings.length === MOST) end();
    }

    button.hidden = false;
    addEventListener("pageshow", rest);
    button.addEventListener("click", function () {
      readings = [];
      wrong.hidden = true;
      button.disabled = true;
      button.lastChild.textContent = button.dataset.asking;
      giving = setTimeout(function () { if (!readings.length) fail(wrong.dataset.weak); }, WAIT_MS);
      watch = navigator.geolocation.watchPosition(heard, function (problem) {
        if (problem.code === 1) fail(wrong.dataset.refused); // any other may pass: the watch goes on
      }, { enableHighAccuracy: true, maximumAge: 0 });
    });
  }

  function shrink(input, file) {
    if (!window.createImageBitmap || !window.DataTransfer) return;
    createImageBitmap(file, { imageOrientation: "from-image" }).then(function (picture) {
      var scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height)), canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(function (small) {
        if (!small || small.size >= file.size || input.files[0] !== file) return;
        var files = new DataTransfer();
        files.items.add(new File([small], "door.jpg", { type: "image/jpeg" }));
        input.files = files.files;
      }, "image/jpeg", 0.8);
    }).catch(function () {}); // the server will say what is wrong with it
  }

  var button = document.querySelector("[data-door]"), photo = document.querySelector("[data-photo]");
  if (button) {
    if (navigator.geolocation && window.isSecureContext) door(button);
    else document.querySelector("[data-door-cannot]").hidden = false;
  }
  function checked() {
    var file = photo.files[0], wrong = document.querySelector("[data-photo-wrong]");
    wrong.hidden = true;
    if (!file) return;
    if (file.size > LARGEST) {
      photo.value = "";
      wrong.textContent = photo.dataset.large;
      wrong.hidden = false;
    } else if (file.size > 300e3) shrink(photo, file);
  }
  if (photo) {
    photo.addEventListener("change", checked);
    checked(); // what was chosen before this script came over a slow link
  }
})();
