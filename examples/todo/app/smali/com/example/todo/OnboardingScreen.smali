# Three pages that explain the app, shown until somebody reaches the end or skips them.
.class public final Lcom/example/todo/OnboardingScreen;
.super Lcom/example/todo/Screen;

.field private final page:I

# The pages count from 1.
.method public constructor <init>(Lcom/example/todo/MainActivity;Lcom/example/todo/Store;I)V
    .registers 4
    invoke-direct {p0, p1, p2}, Lcom/example/todo/Screen;-><init>(Lcom/example/todo/MainActivity;Lcom/example/todo/Store;)V
    iput p3, p0, Lcom/example/todo/OnboardingScreen;->page:I
    return-void
.end method

.method public layout()I
    .registers 2
    sget v0, Lcom/example/todo/R$layout;->onboarding:I
    return v0
.end method

.method public shown()V
    .registers 5
    iget v0, p0, Lcom/example/todo/OnboardingScreen;->page:I
    packed-switch v0, :pages

    :first
    sget v1, Lcom/example/todo/R$string;->welcome:I
    sget v2, Lcom/example/todo/R$string;->onboarding_text_1:I
    goto :fill

    :second
    sget v1, Lcom/example/todo/R$string;->onboarding_title_2:I
    sget v2, Lcom/example/todo/R$string;->onboarding_text_2:I
    goto :fill

    :third
    sget v1, Lcom/example/todo/R$string;->onboarding_title_3:I
    sget v2, Lcom/example/todo/R$string;->onboarding_text_3:I

    :fill
    sget v3, Lcom/example/todo/R$id;->onboarding_title:I
    invoke-direct {p0, v3, v1}, Lcom/example/todo/OnboardingScreen;->setString(II)V
    sget v3, Lcom/example/todo/R$id;->onboarding_text:I
    invoke-direct {p0, v3, v2}, Lcom/example/todo/OnboardingScreen;->setString(II)V

    invoke-static {v0}, Ljava/lang/Integer;->valueOf(I)Ljava/lang/Integer;
    move-result-object v1
    sget v2, Lcom/example/todo/R$string;->page:I
    invoke-virtual {p0, v2, v1}, Lcom/example/todo/OnboardingScreen;->string(ILjava/lang/Object;)Ljava/lang/String;
    move-result-object v1
    sget v2, Lcom/example/todo/R$id;->page:I
    invoke-virtual {p0, v2, v1}, Lcom/example/todo/OnboardingScreen;->setText(ILjava/lang/CharSequence;)V

    const/4 v1, 0x3
    if-ne v0, v1, :listen
    sget v1, Lcom/example/todo/R$id;->next_button:I
    sget v2, Lcom/example/todo/R$string;->get_started:I
    invoke-direct {p0, v1, v2}, Lcom/example/todo/OnboardingScreen;->setString(II)V
    sget v1, Lcom/example/todo/R$id;->skip_button:I
    const/4 v2, 0x0
    invoke-virtual {p0, v1, v2}, Lcom/example/todo/OnboardingScreen;->setVisible(IZ)V

    :listen
    sget v1, Lcom/example/todo/R$id;->next_button:I
    invoke-virtual {p0, v1}, Lcom/example/todo/OnboardingScreen;->listen(I)V
    sget v1, Lcom/example/todo/R$id;->skip_button:I
    invoke-virtual {p0, v1}, Lcom/example/todo/OnboardingScreen;->listen(I)V
    return-void

    :pages
    .packed-switch 0x1
        :first
        :second
        :third
    .end packed-switch
.end method

.method private setString(II)V
    .registers 4
    iget-object v0, p0, Lcom/example/todo/OnboardingScreen;->activity:Lcom/example/todo/MainActivity;
    invoke-virtual {v0, p2}, Lcom/example/todo/MainActivity;->getString(I)Ljava/lang/String;
    move-result-object v0
    invoke-virtual {p0, p1, v0}, Lcom/example/todo/OnboardingScreen;->setText(ILjava/lang/CharSequence;)V
    return-void
.end method

.method public onClick(Landroid/view/View;)V
    .registers 4
    invoke-virtual {p1}, Landroid/view/View;->getId()I
    move-result v0
    sget v1, Lcom/example/todo/R$id;->next_button:I
    if-ne v0, v1, :end              # "Skip"
    iget v0, p0, Lcom/example/todo/OnboardingScreen;->page:I
    const/4 v1, 0x3
    if-eq v0, v1, :end              # "Get started"
    add-int/lit8 v0, v0, 0x1
    invoke-virtual {p0, v0}, Lcom/example/todo/OnboardingScreen;->showOnboarding(I)V
    return-void

    :end
    iget-object v0, p0, Lcom/example/todo/OnboardingScreen;->store:Lcom/example/todo/Store;
    invoke-virtual {v0}, Lcom/example/todo/Store;->setOnboarded()V
    invoke-virtual {p0}, Lcom/example/todo/OnboardingScreen;->showLogin()V
    return-void
.end method

.method public back()V
    .registers 3
    iget v0, p0, Lcom/example/todo/OnboardingScreen;->page:I
    const/4 v1, 0x1
    if-ne v0, v1, :previous
    invoke-super {p0}, Lcom/example/todo/Screen;->back()V
    return-void

    :previous
    add-int/lit8 v0, v0, -0x1
    invoke-virtual {p0, v0}, Lcom/example/todo/OnboardingScreen;->showOnboarding(I)V
    return-void
.end method
