# The same for zsh, which finds this file by ZDOTDIR.
ZDOTDIR=$HOME
[ -f ~/.zprofile ] && . ~/.zprofile
[ -f ~/.zshrc ] && . ~/.zshrc
PATH="$AIEDGE_BIN:$PATH"
export PATH
rehash
cd "$AIEDGE_PROJECT" || true
