"""no.js: chat rooms without a line of JavaScript, by META refresh and long polling."""
