/* [data-sign]: a name written with finger, pen or mouse, sent as a small picture. Hidden without scripts. The strokes are kept
   as points between 0 and 1, so that turning the phone loses nothing. */
(function () {
  var WIDE = 800, INK = "#14211f", LARGEST = 190000;
  var form = document.querySelector("[data-sign]");
  if (!form || !window.PointerEvent) return;
  var pad = form.querySelector("canvas"), wrong = form.querySelector("[data-sign-wrong]"), strokes = [], stroke = null, ratio = 0;

  function paint(canvas) {
    var pen = canvas.getContext("2d"), wide = canvas.width, high = canvas.height;
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, wide, high);
    pen.strokeStyle = pen.fillStyle = INK;
    pen.lineWidth = Math.max(2, wide / 110);
    pen.lineCap = pen.lineJoin = "round";
    strokes.forEach(function (points) {
      pen.beginPath();
      pen.moveTo(points[0][0] * wide, points[0][1] * wide);
      if (points.length === 1) pen.lineTo(points[0][0] * wide + 0.1, points[0][1] * wide);
      points.slice(1).forEach(function (point) { pen.lineTo(point[0] * wide, point[1] * wide); });
      pen.stroke();
    });
  }

  function fit() {
    var box = pad.getBoundingClientRect(), sharp = Math.min(2, window.devicePixelRatio || 1);
    if (!box.width) return;
    pad.width = Math.round(box.width * sharp);
    pad.height = Math.round(box.height * sharp);
    if (!strokes.length) ratio = box.height / box.width;
    paint(pad);
  }

  function at(event) {
    var box = pad.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.width];
  }

  function picture(wide) {
    var canvas = document.createElement("canvas");
    canvas.width = wide;
    canvas.height = Math.round(wide * ratio);
    paint(canvas);
    return canvas.toDataURL("image/png");
  }

  function length() {
    return strokes.reduce(function (sum, points) {
      return sum + points.slice(1).reduce(function (far, point, n) {
        return far + Math.abs(point[0] - points[n][0]) + Math.abs(point[1] - points[n][1]);
      }, 0);
    }, 0);
  }

  function say(sentence) {
    wrong.textContent = sentence;
    wrong.hidden = !sentence;
  }

  pad.addEventListener("pointerdown", function (event) {
    if (stroke || event.button) return;
    event.preventDefault();
    if (pad.setPointerCapture) pad.setPointerCapture(event.pointerId);
    stroke = { id: event.pointerId, points: [at(event)] };
    strokes.push(stroke.points);
    say("");
    paint(pad);
  });
  pad.addEventListener("pointermove", function (event) {
    if (!stroke || stroke.id !== event.pointerId) return;
    stroke.points.push(at(event));
    paint(pad);
  });
  ["pointerup", "pointercancel"].forEach(function (name) {
    pad.addEventListener(name, function (event) {
      if (stroke && stroke.id === event.pointerId) stroke = null;
    });
  });
  pad.addEventListener("touchmove", function (event) { event.preventDefault(); }, { passive: false });
  form.querySelector("[data-sign-again]").addEventListener("click", function () {
    strokes = [];
    fit();
    say("");
  });
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    if (length() < 0.3) return say(form.dataset.empty);
    var drawn = picture(WIDE), button = form.querySelector(".go"), asked = new XMLHttpRequest();
    form.elements.drawn.value = drawn.length > LARGEST ? picture(WIDE / 2) : drawn;
    button.disabled = true;
    function fail(sentence) {
      button.disabled = false;
      say(sentence);
    }
    asked.open("POST", form.action);
    asked.setRequestHeader("Accept", "application/json");
    asked.onerror = asked.ontimeout = function () { fail(form.dataset.lost); };
    asked.timeout = 120000;
    asked.onload = function () {
      var said = null;
      try { said = JSON.parse(asked.responseText); } catch (_problem) { /* a gateway's page */ }
      if (asked.status === 200 && said && said.id) location.assign(form.elements.back.value);
      else fail(said && said.message && asked.status < 500 ? said.message : form.dataset.lost);
    };
    asked.send(new FormData(form));
  });
  form.hidden = false;
  fit();
  addEventListener("resize", fit);
})();
