using System.CommandLine;
using Tyer.Cli.CommandLine;
using Tyer.Daemon.Text;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer completion SHELL</c>: a script that teaches the shell to complete this command line.</summary>
/// <remarks>The scripts ask this program itself, so they never fall behind it.</remarks>
internal sealed class CompletionCommand
{
    private static readonly Dictionary<string, string> Scripts = new(StringComparer.Ordinal)
    {
        ["bash"] = """
            # Completion for tyer in bash. Use it now:  source <(tyer completion bash)
            # For every shell:  tyer completion bash > ~/.local/share/bash-completion/completions/tyer
            _tyer() {
                local current=${COMP_WORDS[COMP_CWORD]} i
                COMPREPLY=()
                for ((i = 1; i < COMP_CWORD; i++)); do
                    # After '--' stands the command to run.
                    if [[ ${COMP_WORDS[i]} == -- ]]; then
                        if ((i + 1 == COMP_CWORD)); then
                            mapfile -t COMPREPLY < <(compgen -c -- "$current")
                        fi
                        return
                    fi
                done
                mapfile -t COMPREPLY < <(compgen -W "$(tyer complete "$COMP_POINT" "$COMP_LINE" 2>/dev/null)" -- "$current")
            }
            complete -o bashdefault -o default -F _tyer tyer
            """,
        ["zsh"] = """
            #compdef tyer
            # Completion for tyer in zsh. Use it now:  source <(tyer completion zsh)
            # For every shell:  tyer completion zsh > "${fpath[1]}/_tyer"
            _tyer() {
                local -a found
                local separator=${words[(i)--]}
                if ((separator < CURRENT)); then
                    # After '--' stands the command to run.
                    shift $separator words
                    ((CURRENT -= separator))
                    _normal
                    return
                fi
                found=("${(@f)$(tyer complete "$CURSOR" "$BUFFER" 2>/dev/null)}")
                if [[ -n $found ]]; then
                    compadd -- $found
                else
                    _default
                fi
            }
            if [[ ${funcstack[1]} == _tyer ]]; then
                _tyer "$@"
            else
                compdef _tyer tyer
            fi
            """,
        ["fish"] = """
            # Completion for tyer in fish. Use it now:  tyer completion fish | source
            # For every shell:  tyer completion fish > ~/.config/fish/completions/tyer.fish
            function __tyer_after_separator
                contains -- -- (commandline --tokenize --cut-at-cursor)
            end
            function __tyer_suggest
                set --local line (commandline --cut-at-cursor)
                tyer complete (string length -- "$line") "$line" 2>/dev/null
            end
            complete --command tyer --condition 'not __tyer_after_separator' --no-files --arguments '(__tyer_suggest)'
            complete --command tyer --condition __tyer_after_separator --arguments '(__fish_complete_subcommand --fcs-skip=3)'
            """,
        ["pwsh"] = """
            # Completion for tyer in PowerShell. Use it now:  tyer completion pwsh | Out-String | Invoke-Expression
            # For every shell: put that line into $PROFILE.
            Register-ArgumentCompleter -Native -CommandName tyer -ScriptBlock {
                param($wordToComplete, $commandAst, $cursorPosition)
                tyer complete "$cursorPosition" "$commandAst" 2>$null | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
                    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
                }
            }
            """,
    };

    private readonly Argument<string> _shell = new("shell")
    {
        HelpName = "SHELL",
        Description = "bash, zsh, fish or pwsh.",
        CustomParser = result =>
        {
            string name = result.Tokens[0].Value;
            if (Scripts.ContainsKey(name)) return name;
            result.AddError($"there is no completion for '{name}', only for {string.Join(", ", Scripts.Keys)}.{Suggestion.Sentence(name, Scripts.Keys)}");
            return "";
        },
    };

    public Command Build(CommandRunner runner)
    {
        _shell.CompletionSources.Add([.. Scripts.Keys]);
        var command = new Command("completion", "Print a script that completes this command line in a shell.") { _shell };
        runner.Attach(command, (invocation, _) =>
        {
            invocation.Out.WriteLine(Scripts[invocation.Get(_shell)!]);
            return Task.FromResult(ExitCodes.Ok);
        });
        return command;
    }
}
