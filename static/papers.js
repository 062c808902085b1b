/* [data-papers]: a chosen photo is made small here, sent by itself, and its progress said in words. What fails stays and
   can be sent again. One after the other: on a slow link two at once are both late. Without this the plain forms do. */
(function () {
  var LONGEST = 1600, TARGET = 300e3, LARGEST = 10e6, SHRINKABLE = 40e6;
  var LADDER = [[LONGEST, 0.7], [LONGEST, 0.55], [1200, 0.55], [900, 0.5]];
  var box = document.querySelector("[data-papers]"), waiting = [], busy = false, unsent = 0;
  if (!box || !window.FormData || !HTMLCanvasElement.prototype.toBlob) return;
  var live = box.querySelector("[data-papers-live]"), words = box.dataset;

  /* Calls back with what to send and a canvas that shows it, or with the file as it is where this browser cannot draw it
     upright: then the server makes it small. */
  function shrink(file, done) {
    function asItIs() { done(file, null); }
    var turns = window.CSS && CSS.supports && CSS.supports("image-orientation", "from-image");
    if (file.type === "application/pdf" || !turns || file.size > SHRINKABLE) return asItIs();
    var reader = new FileReader(), picture = new Image();
    reader.onerror = picture.onerror = asItIs;
    reader.onload = function () { picture.src = reader.result; };
    picture.onload = function () {
      function attempt(step) {
        var canvas = drawn(picture, LADDER[step][0]);
        canvas.toBlob(function (blob) {
          if (!blob) return asItIs();
          if (blob.size > TARGET && step + 1 < LADDER.length) return attempt(step + 1);
          done(blob, drawn(canvas, 320));
        }, "image/jpeg", LADDER[step][1]);
      }
      attempt(0);
    };
    reader.readAsDataURL(file);
  }

  function drawn(from, longest) {
    var width = from.naturalWidth || from.width, height = from.naturalHeight || from.height;
    var scale = Math.min(1, longest / Math.max(width, height)), canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    var pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(from, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  function add(form, file) {
    var need = form.closest("[data-paper-need]"), one = { form: form, file: file, blob: null };
    one.at = need.querySelector("template").content.firstElementChild.cloneNode(true);
    need.querySelector(".photos").appendChild(one.at);
    part(one, "again").addEventListener("click", function () { queue(one); });
    part(one, "drop").addEventListener("click", function () { drop(one); });
    unsent += 1;
    queue(one);
  }

  function part(one, name) { return one.at.querySelector("[data-paper-" + name + "]"); }

  function say(one, sentence, kind) {
    var tag = part(one, "tag").firstElementChild;
    tag.lastChild.textContent = sentence;
    tag.className = "tag " + kind;
  }

  function drop(one) {
    if (one.file) unsent -= 1;
    one.at.remove();
  }

  function queue(one) {
    waiting.push(one);
    say(one, words.waiting, "info");
    part(one, "again").hidden = part(one, "drop").hidden = part(one, "wrong").hidden = true;
    next();
  }

  function next() {
    if (busy || !waiting.length) return;
    busy = true;
    var one = waiting.shift();
    if (one.blob) return send(one);
    say(one, words.shrinking, "info");
    shrink(one.file, function (blob, canvas) {
      if (canvas) one.at.querySelector(".pic").appendChild(canvas);
      if (blob.size > LARGEST) return fail(one, words.refused, words.large, false);
      one.blob = blob;
      send(one);
    });
  }

  function send(one) {
    var asked = new XMLHttpRequest(), body = new FormData(one.form), bar = one.at.querySelector("progress");
    body.delete("paper");
    body.append("paper", one.blob, "paper");
    asked.open("POST", one.form.action);
    asked.setRequestHeader("Accept", "application/json");
    asked.timeout = 300000;
    function far(share) {
      bar.value = share;
      say(one, words.sending.replace("{n}", share), "info");
    }
    bar.hidden = false;
    far(0);
    asked.upload.onprogress = function (event) {
      if (event.lengthComputable) far(Math.min(99, Math.floor(100 * event.loaded / event.total)));
    };
    asked.onerror = asked.ontimeout = function () { fail(one, words.failed, words.lost, true); };
    asked.onload = function () {
      var said = null;
      try { said = JSON.parse(asked.responseText); } catch (_problem) { /* a gateway's page */ }
      if (asked.status === 200 && said && said.id) return received(one, said);
      var ours = said && said.message && asked.status < 500;
      fail(one, ours ? words.refused : words.failed, ours ? said.message : words.lost, !ours);
    };
    asked.send(body);
  }

  function received(one, said) {
    var picture = one.at.querySelector(".pic"), remove = part(one, "remove"), state = one.form.closest("[data-paper-need]");
    one.at.querySelector("progress").hidden = true;
    say(one, words.received, "ok");
    picture.href = said.full;
    picture.setAttribute("aria-label", picture.dataset.label);
    if (!picture.firstChild) picture.textContent = said.pages ? "PDF" : words.received;
    remove.action = said.remove;
    remove.hidden = false;
    remove.addEventListener("submit", function (event) { takeAway(event, one.at); });
    state = state.querySelector("[data-paper-state]").firstElementChild;
    state.lastChild.textContent = words.received;
    state.className = "tag ok";
    live.textContent = words.received;
    one.blob = one.file = null;
    unsent -= 1;
    rest();
  }

  function fail(one, tag, sentence, again) {
    one.at.querySelector("progress").hidden = true;
    say(one, tag, again ? "warn" : "bad");
    part(one, "wrong").textContent = live.textContent = sentence;
    part(one, "wrong").hidden = part(one, "drop").hidden = false;
    part(one, "again").hidden = !again;
    if (!again) {
      one.file = null; // nobody can send it, so nothing is lost when the page goes
      unsent -= 1;
    }
    rest();
  }

  function rest() {
    busy = false;
    next();
  }

  function takeAway(event, at) { // where others are on their way a new page would lose them
    if (!unsent) return;
    event.preventDefault();
    var asked = new XMLHttpRequest();
    asked.open("POST", event.target.action);
    asked.setRequestHeader("Accept", "application/json");
    asked.onload = function () { if (asked.status === 200) at.remove(); };
    asked.send(new FormData(event.target));
  }

  Array.prototype.forEach.call(box.querySelectorAll("form[data-paper]"), function (form) {
    var input = form.querySelector("[type=file]");
    form.classList.add("live");
    input.multiple = true;
    function take() {
      Array.prototype.slice.call(input.files).forEach(function (file) { add(form, file); });
      input.value = "";
    }
    input.addEventListener("change", take);
    take(); // what was chosen before this script came over a slow link
  });
  Array.prototype.forEach.call(box.querySelectorAll("form[data-paper-remove]"), function (form) {
    form.addEventListener("submit", function (event) { takeAway(event, form.closest("li")); });
  });
  addEventListener("beforeunload", function (event) {
    if (unsent) event.preventDefault(), event.returnValue = "";
  });
})();
